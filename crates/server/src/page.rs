//! The page: the built files of `web-ui/dist`, which lie in the program. They use only the API.

use crate::token::{hash, hex};
use crate::views::tagged;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// A file of the page.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    kind: &'static str,
    body: &'static [u8],
}

/// The page holds no data, so it is served without a token: it is what asks for the token.
pub(crate) const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

pub(crate) fn serve(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let mut response = tagged(headers, &hex(&hash(asset.body)[..16]), || asset.body.into());
    if response.status() == StatusCode::OK {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, get, send};
    use sha2::{Digest, Sha256};
    use std::path::{Path, PathBuf};

    #[tokio::test]
    async fn the_page_is_served_with_its_types() {
        let server = testing::server();
        for path in ["/", "/app.js", "/app.css", "/icon.svg"] {
            assert!(ASSETS.iter().any(|asset| asset.path == path), "{path}");
        }
        for asset in ASSETS {
            let response = send(&server, get(asset.path)).await;
            assert_eq!(response.status(), StatusCode::OK, "{}", asset.path);
            assert_eq!(response.headers()["content-type"], asset.kind);
        }
    }

    /// What the content security policy would refuse.
    #[test]
    fn the_document_needs_nothing_inline_and_nothing_from_elsewhere() {
        let document = ASSETS
            .iter()
            .find(|asset| asset.path == "/")
            .map(|asset| String::from_utf8_lossy(asset.body))
            .unwrap();
        for forbidden in ["https://", "http://", " style=", " onclick=", "<style", "<script>", "javascript:"] {
            assert!(!document.contains(forbidden), "index.html contains {forbidden}");
        }
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// The same sum as `web-ui/source-hash.ts` makes.
    #[test]
    fn the_built_page_is_that_of_these_sources() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-ui");
        let mut found: Vec<PathBuf> = [
            "index.html",
            "package.json",
            "package-lock.json",
            "svelte.config.js",
            "tsconfig.json",
            "vite.config.ts",
        ]
        .iter()
        .map(|name| folder.join(name))
        .collect();
        files(&folder.join("src"), &mut found);
        files(&folder.join("public"), &mut found);
        let mut names: Vec<String> = found
            .iter()
            .map(|file| file.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/"))
            .filter(|name| !name.ends_with(".test.ts") && !name.starts_with("src/bench/"))
            .collect();
        names.sort();
        let mut sum = Sha256::new();
        for name in &names {
            let body = std::fs::read(folder.join(name)).unwrap();
            sum.update(format!("{name}\0{}\0", body.len()));
            sum.update(&body);
        }
        let now = hex(&sum.finalize());
        let built = std::fs::read_to_string(folder.join("dist/.source-hash")).unwrap();
        assert_eq!(
            built.trim(),
            now,
            "web-ui/dist is not built from these sources: run `npm ci && npm run build` in web-ui"
        );
    }
}
