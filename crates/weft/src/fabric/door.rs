//! The way to the fabric: through the service that owns the data directory, or in this process where none runs.

use super::here::Here;
use crate::client::{ANSWER_WITHIN, Service};
use anyhow::Result;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use weft_model::{FabricView, MatterNodeId};
use weft_server::{Entered, Left, Pairing};

/// Sleepy devices hear late that they are left.
const LEAVE_WITHIN: Duration = Duration::from_secs(620);

/// The way to the fabric.
pub(super) enum Door {
    /// A client of the running service.
    Service(Service),
    /// In this process.
    Here(Box<Here>),
}

impl Door {
    /// Through the running service, else here.
    ///
    /// # Errors
    /// Where neither is possible.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        Ok(match Service::of(directory) {
            Some(service) => Self::Service(service),
            None => Self::Here(Box::new(Here::start(directory)?)),
        })
    }

    /// The fabric now.
    pub(super) fn view(&self) -> Result<FabricView> {
        match self {
            Self::Service(service) => service.get("/api/v1/fabric"),
            Self::Here(here) => Ok(here.with(|fabric| fabric.view())),
        }
    }

    /// Queues a job for each code in a text.
    pub(super) fn pair(&self, codes: &str, address: Option<SocketAddr>, accept: bool) -> Result<Entered> {
        #[derive(Serialize)]
        struct Body<'a> {
            codes: &'a str,
            address: Option<SocketAddr>,
            accept_attestation: bool,
        }
        let body = Body {
            codes,
            address,
            accept_attestation: accept,
        };
        match self {
            Self::Service(service) => service.post("/api/v1/fabric/pair", &body, ANSWER_WITHIN),
            Self::Here(here) => Ok(here.with(|fabric| fabric.pair(codes, address, accept))?),
        }
    }

    /// Queues a job for each code in a picture.
    pub(super) fn photo(&self, picture: &[u8], accept: bool) -> Result<Entered> {
        match self {
            Self::Service(service) => {
                let path = format!("/api/v1/fabric/photo?accept_attestation={accept}");
                service.post_bytes(&path, kind_of(picture), picture, ANSWER_WITHIN)
            }
            Self::Here(here) => Ok(here.with(|fabric| fabric.photo(picture, accept))?),
        }
    }

    /// Tries a job again.
    pub(super) fn retry(&self, job: u64, accept: bool) -> Result<()> {
        #[derive(Serialize)]
        struct Body {
            accept_attestation: bool,
        }
        match self {
            Self::Service(service) => {
                let path = format!("/api/v1/fabric/jobs/{job}/retry");
                service
                    .post::<FabricView>(&path, &Body { accept_attestation: accept }, ANSWER_WITHIN)
                    .map(drop)
            }
            Self::Here(here) => Ok(here.with(|fabric| fabric.retry(job, accept))?),
        }
    }

    /// Gives a job up.
    pub(super) fn cancel(&self, job: u64) -> Result<()> {
        #[derive(Serialize)]
        struct Nothing {}
        match self {
            Self::Service(service) => {
                let path = format!("/api/v1/fabric/jobs/{job}/cancel");
                service.post::<FabricView>(&path, &Nothing {}, ANSWER_WITHIN).map(drop)
            }
            Self::Here(here) => Ok(here.with(|fabric| fabric.cancel(job))?),
        }
    }

    /// Leaves devices.
    pub(super) fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Result<Vec<Left>> {
        #[derive(Serialize)]
        struct Body {
            nodes: Vec<MatterNodeId>,
            forget: bool,
        }
        #[derive(serde::Deserialize)]
        struct Answer {
            results: Vec<Left>,
        }
        match self {
            Self::Service(service) => {
                let answer: Answer = service.post("/api/v1/fabric/unpair", &Body { nodes, forget }, LEAVE_WITHIN)?;
                Ok(answer.results)
            }
            Self::Here(here) => here.unpair(nodes, forget),
        }
    }

    /// True where it runs in this process: what is not waited for does not happen.
    pub(super) fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// The person wants it to end. A client simply ends; the service goes on.
    pub(super) fn is_interrupted(&self) -> bool {
        matches!(self, Self::Here(here) if here.is_interrupted())
    }

    /// Keeps what was heard.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub(super) fn close(self) -> Result<()> {
        match self {
            Self::Service(_) => Ok(()),
            Self::Here(here) => here.close(),
        }
    }
}

/// The content type of a picture, by its first bytes. What is none of the three is called one all the same: the service says what it makes of it.
fn kind_of(picture: &[u8]) -> &'static str {
    match picture {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "image/jpeg",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\n"), "image/png");
        assert_eq!(kind_of(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(kind_of(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(kind_of(b""), "image/jpeg");
    }
}
