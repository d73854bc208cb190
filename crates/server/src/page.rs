//! The plain page: a few files, no build step, nothing from elsewhere. It uses only the API.

use crate::token::{hash, hex};
use crate::views::tagged;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// A file of the page.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    kind: &'static str,
    body: &'static str,
}

/// The page holds no data, so it is served without a token: it is what asks for the token.
pub(crate) const ASSETS: &[Asset] = &[
    Asset {
        path: "/",
        kind: "text/html; charset=utf-8",
        body: include_str!("../page/index.html"),
    },
    Asset {
        path: "/style.css",
        kind: "text/css; charset=utf-8",
        body: include_str!("../page/style.css"),
    },
    Asset {
        path: "/app.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../page/app.js"),
    },
    Asset {
        path: "/elements.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../page/elements.js"),
    },
    Asset {
        path: "/fabric.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../page/fabric.js"),
    },
    Asset {
        path: "/plan.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../page/plan.js"),
    },
    Asset {
        path: "/icon.svg",
        kind: "image/svg+xml",
        body: include_str!("../page/icon.svg"),
    },
];

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

    #[tokio::test]
    async fn the_page_is_served_with_its_types() {
        let server = testing::server();
        for asset in ASSETS {
            let response = send(&server, get(asset.path)).await;
            assert_eq!(response.status(), StatusCode::OK, "{}", asset.path);
            assert_eq!(response.headers()["content-type"], asset.kind);
        }
    }

    /// What the content security policy would refuse, and what would put foreign text into the page as markup.
    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_escapes_everything() {
        for asset in ASSETS {
            for forbidden in [
                "https://",
                "//cdn",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                " style=",
                " onclick=",
                "<style",
                "<script>",
            ] {
                assert!(!asset.body.contains(forbidden), "{} contains {forbidden}", asset.path);
            }
        }
    }
}
