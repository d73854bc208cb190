//! The token that other machines need: made once, kept where only its owner can read it, printed once.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::path::Path;
use weft_server::Token;

/// Name of the token's file in the data directory.
pub(crate) const TOKEN_FILE: &str = "token";

/// The token that was made before, if any.
fn existing(directory: &Path) -> Result<Option<Token>> {
    let path = directory.join(TOKEN_FILE);
    let mut text = zeroize::Zeroizing::new(String::new());
    match std::fs::File::open(&path) {
        Ok(file) => {
            file.take(4096)
                .read_to_string(&mut text)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Token::new(text.trim().to_owned())
                .map(Some)
                .with_context(|| format!("{} holds no usable token; delete it to get a new one", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The token of this data directory; made where there is none. `shown` prints a new one, once.
pub(super) fn kept(directory: &Path, shown: bool) -> Result<Token> {
    let path = directory.join(TOKEN_FILE);
    if let Some(token) = existing(directory)? {
        if shown {
            eprintln!("weft: who opens the page needs the token in {}", path.display());
        }
        return Ok(token);
    }
    let token = Token::generate()?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(token.expose().as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    if shown {
        eprintln!("weft: the page asks for this token, shown only now: {}", token.expose());
    }
    Ok(token)
}

/// A token that ends with the process, for services that write nothing.
pub(super) fn for_this_run() -> Result<Token> {
    let token = Token::generate()?;
    eprintln!("weft: the page asks for this token: {}", token.expose());
    Ok(token)
}
