//! What all routes have in common that change something: who asks is checked, the body is read, the change is made where it may block, and the answer
//! tells how things are then.

use crate::access::json_body;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use axum::Json;
use axum::body::Bytes;
use axum::extract::Request;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use weft_model::Refusal;
use zeroize::Zeroize;

/// A part of the API whose keeper the binary hands in, and that people change.
pub(crate) trait Room {
    /// Who does what people wish.
    type Keeper: Send + Sync + ?Sized + 'static;
    /// What everybody may see of it.
    type View: Serialize;

    /// The keeper of a service.
    ///
    /// # Errors
    /// 501 where it has none.
    fn keeper(server: &Server) -> Result<Arc<Self::Keeper>, Problem>;

    /// As it is now.
    fn seen(keeper: &Self::Keeper) -> Self::View;
}

/// An object without members: even where nothing is to be said, JSON is what no form of a foreign page can send.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl Server {
    /// What a person wishes, and of whom.
    ///
    /// # Errors
    /// Where nobody may wish that, or the body is not what was expected. No error repeats it.
    pub(crate) async fn wish<R: Room, B: DeserializeOwned>(&self, request: Request, expected: &str) -> Result<(Arc<R::Keeper>, B), Problem> {
        let keeper = self.keeper_for::<R>(&request)?;
        Parameters::read(request.uri(), &[])?;
        Ok((keeper, secret_json(request, expected).await?))
    }

    /// The keeper of a room, for whoever may change it.
    ///
    /// # Errors
    /// Where this request may not.
    pub(crate) fn keeper_for<R: Room>(&self, request: &Request) -> Result<Arc<R::Keeper>, Problem> {
        self.check_person(request)?;
        R::keeper(self)
    }

    /// Does what a person wishes, and answers with what it is like then.
    ///
    /// # Errors
    /// As [`Self::wish`]'s, and the refusal.
    pub(crate) async fn grant<R: Room, B: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
        expected: &str,
        change: impl FnOnce(&R::Keeper, B) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Json<R::View>, Problem> {
        let (keeper, wish) = self.wish::<R, B>(request, expected).await?;
        self.change::<R>(keeper, move |keeper| change(keeper, wish)).await
    }

    /// Changes something on a thread that may block, and answers with what it is like then.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn change<R: Room>(
        &self,
        keeper: Arc<R::Keeper>,
        change: impl FnOnce(&R::Keeper) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Json<R::View>, Problem> {
        let changed = keeper.clone();
        self.apart(move || change(&changed)).await??;
        Ok(Json(R::seen(&keeper)))
    }
}

/// Reads a JSON body that may hold secrets: no error repeats it, and its bytes are overwritten where nobody else has them.
pub(crate) async fn secret_json<T: DeserializeOwned>(request: Request, expected: &str) -> Result<T, Problem> {
    let body = json_body(request).await?;
    let read = serde_json::from_slice(&body).map_err(|_| Problem::body(format!("Send {expected} and nothing else.")));
    overwrite(body);
    read
}

/// Overwrites bytes that may hold secrets, where nobody else has them.
pub(crate) fn overwrite(body: Bytes) {
    if let Ok(mut bytes) = body.try_into_mut() {
        bytes.as_mut().zeroize();
    }
}
