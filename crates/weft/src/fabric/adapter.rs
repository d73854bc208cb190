//! The Matter source as the server and the commands see it.

use super::folder;
use crate::output::tell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use weft_matter::SetupCode;
use weft_matter::code::{CodeError, photo};
use weft_model::{AttestationChoice, FabricView, JobState, MatterNodeId, Refusal};
use weft_server::{Entered, Leaving, Left, Pairing, RefusedCode};
use weft_sources::Source;
use weft_sources::directory::ServiceDirectory;
use weft_sources::matter::{DatasetTaker, MatterConfig, MatterHandle, MatterRefusal, MatterSource, Unpaired};

/// What the user says of the fabric on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FabricOptions {
    /// Folder with certificates of product attestation authorities.
    pub(crate) roots: Option<PathBuf>,
    /// Changes what is done when a device proves too little; what was said before stays otherwise.
    pub(crate) attestation: Option<AttestationChoice>,
}

/// Takes datasets that paired border routers hand over.
pub(crate) type Datasets = Option<DatasetTaker>;

/// The source of the fabric in a data directory, and the fabric itself. Nothing is made or sent before the first device is paired.
pub(crate) fn matter(
    directory: &Path,
    services: ServiceDirectory,
    options: &FabricOptions,
    datasets: Datasets,
) -> (Arc<dyn Source>, Arc<MatterFabric>) {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let config = MatterConfig {
        attestation_roots: options.roots.clone(),
        datasets,
        ..MatterConfig::new(folder(directory), services, host)
    };
    let (source, handle) = MatterSource::new(config);
    let (_, notices) = handle.problems();
    notices.iter().for_each(tell);
    if let Some(choice) = options.attestation
        && let Err(refusal) = handle.set_attestation(choice)
    {
        tell(format!("what is to be done about attestation is not kept: {refusal}"));
    }
    (Arc::new(source), Arc::new(MatterFabric(handle)))
}

/// The fabric, for the server.
pub(crate) struct MatterFabric(MatterHandle);

impl MatterFabric {
    /// Queues each code on its own: one that is refused holds up no other.
    fn enter(&self, codes: Vec<Result<SetupCode, CodeError>>, address: Option<SocketAddr>, accept: bool) -> Result<Entered, Refusal> {
        let total = codes.len();
        if address.is_some() && total > 1 {
            return Err(MatterRefusal::AddressOfSeveral.into_error());
        }
        let mut entered = Entered::default();
        for (index, code) in codes.into_iter().enumerate() {
            let code = match code {
                Ok(code) => code,
                Err(error) => {
                    entered.refused.push(RefusedCode {
                        code: if total == 1 {
                            "This code".to_owned()
                        } else {
                            format!("Code {} of {total}", index + 1)
                        },
                        why: format!("{error}."),
                    });
                    continue;
                }
            };
            let masked = code.masked();
            match self.0.pair(vec![code], address, accept) {
                Ok(jobs) => entered.jobs.extend(jobs),
                // It waits for exactly this decision.
                Err(MatterRefusal::Duplicate { job, .. }) if accept && self.waits_for_decision(job) => {
                    self.0.retry(job, true).map_err(Refused::into_error)?;
                    entered.jobs.push(job);
                }
                // It is worked on already, perhaps since before this process: that job is the answer.
                Err(MatterRefusal::Duplicate { job, .. }) => entered.jobs.push(job),
                Err(refusal) if entered.jobs.is_empty() && !refusal.is_of_one_code() => return Err(refusal.into_error()),
                Err(refusal) => entered.refused.push(RefusedCode {
                    code: masked,
                    why: format!("{refusal}."),
                }),
            }
        }
        Ok(entered)
    }
}

impl MatterFabric {
    /// The fabric itself, for others that pair devices.
    pub(crate) fn handle(&self) -> MatterHandle {
        self.0.clone()
    }

    fn waits_for_decision(&self, job: u64) -> bool {
        self.0.view().jobs.iter().any(|known| known.id == job && known.state == JobState::Decide)
    }
}

impl Pairing for MatterFabric {
    fn view(&self) -> FabricView {
        self.0.view()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed()
    }

    fn pair(&self, codes: &str, address: Option<SocketAddr>, accept_attestation: bool) -> Result<Entered, Refusal> {
        self.enter(codes_in(codes), address, accept_attestation)
    }

    fn photo(&self, image: &[u8], accept_attestation: bool) -> Result<Entered, Refusal> {
        let codes = photo::find_codes(image).map_err(|error| Refusal::Wrong(sentence(&error.to_string())))?;
        self.enter(codes.into_iter().map(Ok).collect(), None, accept_attestation)
    }

    fn retry(&self, job: u64, accept_attestation: bool) -> Result<(), Refusal> {
        self.0.retry(job, accept_attestation).map_err(Refused::into_error)
    }

    fn cancel(&self, job: u64) -> Result<(), Refusal> {
        self.0.cancel(job).map_err(Refused::into_error)
    }

    fn unpair(&self, nodes: Vec<MatterNodeId>, forget: bool) -> Leaving {
        let handle = self.0.clone();
        Box::pin(async move {
            let unpaired = handle.unpair(nodes, forget).await.map_err(Refused::into_error)?;
            let left = |one: Unpaired| Left {
                node: one.node,
                ok: one.is_forgotten || one.result.is_ok(),
                error: one.result.err(),
            };
            Ok(unpaired.into_iter().map(left).collect())
        })
    }

    fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        self.0.set_paused(paused).map_err(Refused::into_error)
    }

    fn refresh(&self, node: Option<MatterNodeId>) -> Result<(), Refusal> {
        self.0.refresh(node).map_err(Refused::into_error)
    }

    fn set_attestation(&self, choice: AttestationChoice) -> Result<(), Refusal> {
        self.0.set_attestation(choice).map_err(Refused::into_error)
    }

    fn set_check_in(&self, node: MatterNodeId, wanted: bool) -> Result<(), Refusal> {
        self.0.set_check_in(node, wanted).map_err(Refused::into_error)
    }
}

/// The codes of a text. A text without anything that looks like a code is taken for one that is wrong, so that somebody says what is wrong with it.
fn codes_in(text: &str) -> Vec<Result<SetupCode, CodeError>> {
    let found = SetupCode::find_all(text);
    if found.is_empty() { vec![SetupCode::parse(text)] } else { found }
}

/// A refusal in the server's words.
trait Refused {
    fn into_error(self) -> Refusal;
    /// It concerns one code; others may be taken.
    fn is_of_one_code(&self) -> bool;
}

impl Refused for MatterRefusal {
    fn into_error(self) -> Refusal {
        let why = sentence(&self.to_string());
        match self {
            Self::Fabric(_) | Self::Keeping(_) => Refusal::Failed(why),
            Self::NoCode | Self::AddressOfSeveral => Refusal::Wrong(why),
            Self::UnknownJob(_) | Self::UnknownNode(_) => Refusal::Unknown(why),
            _ => Refusal::NotNow(why),
        }
    }

    fn is_of_one_code(&self) -> bool {
        matches!(self, Self::Duplicate { .. } | Self::TooMany { .. })
    }
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_code_is_told_what_is_wrong_with_it() {
        let error = |text| match codes_in(text).pop() {
            Some(Err(error)) => error.to_string(),
            _ => panic!("{text} is a code"),
        };
        assert!(error("123").contains("11 or 21 digits"), "{}", error("123"));
        assert!(error("hello").contains("MT:"));
        // The test codes of the Matter SDK: passcode 20202021, discriminator 3840.
        let codes = codes_in("Hall plug: 3497-011-2332\nand its QR code MT:Y.K9042C00KA0648G00");
        assert_eq!(codes.len(), 1, "one device, whichever way its code is written");
        assert!(codes.iter().all(Result::is_ok));
    }

    #[test]
    fn refusals_are_sentences_of_their_kind() {
        assert_eq!(
            MatterRefusal::UnknownJob(7).into_error(),
            Refusal::Unknown("There is no pairing job 7: finished ones are forgotten after a day.".into())
        );
        assert!(matches!(MatterRefusal::Paused.into_error(), Refusal::NotNow(_)));
        assert!(matches!(
            MatterRefusal::Fabric("the file is broken".into()).into_error(),
            Refusal::Failed(_)
        ));
        assert_eq!(sentence(""), ".");
    }
}
