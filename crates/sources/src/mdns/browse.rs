//! A task for each type that is browsed.

use crate::clock;
use crate::directory::ServiceDirectory;
use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Before a closed receiver is opened again.
const BROWSE_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Between two questions for one type that somebody wanted (RFC 6762, section 5.2: at least one second between the first two).
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The library says what it has to say to a receiver that it gives up within this time.
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// What the receivers tell the loop.
pub(super) enum Heard {
    Event(ServiceEvent),
    /// The receiver of this type was closed and is open again: something may have been missed.
    Reopened(String),
    Failed(mdns_sd::Error),
}

/// What a browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Orders {
    /// Rises when everything that was heard is in doubt.
    anew: u64,
    /// Rises when somebody wants an answer now.
    asked: u64,
}

struct Browser {
    orders: watch::Sender<Orders>,
    task: JoinHandle<()>,
    /// Browsed whether somebody wants it or not.
    is_permanent: bool,
    /// The wish that was fulfilled last.
    fulfilled: u64,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its receiver goes with it, and the library notices that; see the module above on why that is better than to say so.
        self.task.abort();
    }
}

/// Everything that is browsed.
pub(super) struct Browsers {
    daemon: ServiceDaemon,
    sender: mpsc::Sender<Heard>,
    browsers: BTreeMap<String, Browser>,
}

impl Browsers {
    pub(super) fn new(daemon: ServiceDaemon, sender: mpsc::Sender<Heard>) -> Self {
        Self {
            daemon,
            sender,
            browsers: BTreeMap::new(),
        }
    }

    /// Browses a type from now on.
    pub(super) fn always(&mut self, service: String) {
        self.browser(service).is_permanent = true;
    }

    /// Browses what somebody wants, asks again for what somebody wants now, and lets go of what nobody wants any more.
    pub(super) fn fulfil(&mut self, directory: &ServiceDirectory) {
        let wishes = directory.take_wishes();
        for (service, is_held, asked) in &wishes {
            if !is_held && !self.browsers.contains_key(service) {
                continue;
            }
            let is_new = !self.browsers.contains_key(service);
            let browser = self.browser(service.clone());
            let wants_now = browser.fulfilled != *asked;
            browser.fulfilled = *asked;
            if wants_now && !is_new {
                browser.orders.send_modify(|orders| orders.asked += 1);
            }
        }
        let is_held = |service: &String| wishes.iter().any(|(wanted, is_held, _)| *is_held && wanted == service);
        self.browsers.retain(|service, browser| browser.is_permanent || is_held(service));
    }

    /// Asks again for a type that is browsed.
    pub(super) fn ask_again(&self, service: &str) {
        if let Some(browser) = self.browsers.get(service) {
            browser.orders.send_modify(|orders| orders.asked += 1);
        }
    }

    /// Some subtype of this type is browsed.
    pub(super) fn has_subtypes_of(&self, service: &str) -> bool {
        self.browsers
            .keys()
            .any(|browsed| browsed != service && super::read::plain_type(browsed) == service)
    }

    /// Browses everything from the start.
    pub(super) fn all_anew(&self) {
        for browser in self.browsers.values() {
            browser.orders.send_modify(|orders| orders.anew += 1);
        }
    }

    fn browser(&mut self, service: String) -> &mut Browser {
        let Self { daemon, sender, browsers } = self;
        browsers.entry(service).or_insert_with_key(|service| {
            let orders = watch::Sender::new(Orders::default());
            let task = tokio::spawn(browse(daemon.clone(), service.clone(), sender.clone(), orders.subscribe()));
            Browser {
                orders,
                task,
                is_permanent: false,
                fulfilled: 0,
            }
        })
    }
}

/// Why a browse begins anew.
enum End {
    /// Something may have been missed.
    Closed,
    /// Nothing was missed.
    AskedAgain,
}

/// Browses one type until it is aborted.
async fn browse(daemon: ServiceDaemon, service: String, sender: mpsc::Sender<Heard>, mut orders: watch::Receiver<Orders>) {
    let mut former: Option<(Receiver<ServiceEvent>, End)> = None;
    loop {
        let begun = clock::running_for();
        match daemon.browse(&service) {
            Ok(events) => {
                match former.take() {
                    Some((_, End::Closed)) => {
                        // Who does not hear it hears nothing else either: the next event ends this.
                        let _ = sender.send(Heard::Reopened(service.clone())).await;
                    }
                    // What the library says before it takes up the new receiver.
                    Some((events, End::AskedAgain)) => {
                        let _ = tokio::time::timeout(DRAINED_WITHIN, pass_on(&events, &sender)).await;
                    }
                    None => {}
                }
                let end = follow(&events, &sender, &mut orders, begun).await;
                former = Some((events, end));
                if matches!(former, Some((_, End::AskedAgain))) {
                    continue;
                }
            }
            Err(mdns_sd::Error::Again) => {}
            Err(error) => {
                let _ = sender.send(Heard::Failed(error)).await;
                return;
            }
        }
        tokio::time::sleep(BROWSE_AGAIN_AFTER).await;
    }
}

/// Passes events on until the receiver is closed or has to be opened again.
async fn follow(events: &Receiver<ServiceEvent>, sender: &mpsc::Sender<Heard>, orders: &mut watch::Receiver<Orders>, begun: Duration) -> End {
    let given = *orders.borrow_and_update();
    let mut ask_at: Option<Duration> = None;
    loop {
        let pause = ask_at.map(|at| at.saturating_sub(clock::running_for()));
        tokio::select! {
            event = events.recv_async() => match event {
                // The loop that takes them is gone with everything else.
                Ok(event) => if sender.send(Heard::Event(event)).await.is_err() { std::future::pending::<()>().await },
                Err(_) => return End::Closed,
            },
            changed = orders.changed() => {
                let now = *orders.borrow_and_update();
                if changed.is_err() || now.anew != given.anew {
                    return End::Closed;
                }
                // More than one wish within a second is one question.
                ask_at = Some(begun + ASK_AGAIN_AFTER);
            }
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => return End::AskedAgain,
        }
    }
}

async fn pass_on(events: &Receiver<ServiceEvent>, sender: &mpsc::Sender<Heard>) {
    while let Ok(event) = events.recv_async().await {
        if sender.send(Heard::Event(event)).await.is_err() {
            return;
        }
    }
}
