use super::vectors::*;
use super::*;
use proptest::prelude::*;
use rs_matter::dm::clusters::dev_att::DeviceAttestation;
use rs_matter::dm::devices::test::TEST_DEV_ATT;
use std::path::{Path, PathBuf};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
        .collect()
}

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        let folder = std::env::temp_dir().join(format!("weft-roots-{:016x}", u64::from_be_bytes(name)));
        std::fs::create_dir(&folder).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn roots(files: &[(&str, &[u8])]) -> AttestationRoots {
    AttestationRoots::load(&Folder::with(files).0).unwrap()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|start| &text[start..text.len().min(start + 64)])
        .collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// What the recorded device sent, owned, so that tests can change it.
#[derive(Clone)]
struct Sent {
    elements: Vec<u8>,
    signature: Vec<u8>,
    dac: Vec<u8>,
    pai: Vec<u8>,
    nonce: Vec<u8>,
    basic_information: (Option<u16>, Option<u16>),
    expected: (Option<u16>, Option<u16>),
    roots: Option<AttestationRoots>,
    challenge: [u8; 16],
}

impl Sent {
    fn recorded() -> Self {
        Self {
            elements: bytes(ELEMENTS),
            signature: bytes(SIGNATURE),
            dac: bytes(DAC),
            pai: bytes(PAI),
            nonce: bytes(NONCE),
            basic_information: (Some(0xfff1), Some(0x8001)),
            expected: (None, None),
            roots: None,
            challenge: bytes(CHALLENGE).try_into().unwrap(),
        }
    }

    fn report(&self) -> AttestationReport {
        verify(&AttestationInput {
            elements: &self.elements,
            signature: &self.signature,
            dac: &self.dac,
            pai: &self.pai,
            nonce: &self.nonce,
            basic_information: self.basic_information,
            expected: self.expected,
            roots: self.roots.as_ref(),
            challenge: &self.challenge,
        })
    }

    fn outcome(&self, check: &str) -> Outcome {
        let report = self.report();
        report
            .checks
            .into_iter()
            .find(|(name, _)| *name == check)
            .expect("a check of this name")
            .1
    }

    #[track_caller]
    fn fails(&self, check: &str, why: &str) {
        let outcome = self.outcome(check);
        assert!(matches!(&outcome, Outcome::Failed(told) if told.contains(why)), "{outcome:?}");
    }
}

fn changed(change: impl FnOnce(&mut Sent)) -> Sent {
    let mut sent = Sent::recorded();
    change(&mut sent);
    sent
}

#[test]
fn a_device_with_test_certificates() {
    let report = Sent::recorded().report();
    assert_eq!((report.vendor_id, report.product_id), (Some(0xfff1), Some(0x8001)));
    let names: Vec<&str> = report.checks.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["nonce", "chain", "root", "vendor-and-product", "certification-declaration", "possession"]
    );
    assert_eq!(report.checks[0].1, Outcome::Proven);
    assert_eq!(report.checks[1].1, Outcome::Proven);
    assert_eq!(
        report.checks[2].1,
        Outcome::NotChecked("no folder with root certificates is configured".to_owned())
    );
    assert_eq!(report.checks[3].1, Outcome::Proven);
    assert!(matches!(&report.checks[4].1, Outcome::Failed(why) if why.contains("signed with a test key")));
    assert_eq!(report.checks[5].1, Outcome::Proven);
    assert!(!report.is_enough());
}

#[test]
fn root_from_the_folder() {
    let paa = bytes(PAA);
    let with = |files: &[(&str, &[u8])]| changed(|sent| sent.roots = Some(roots(files)));
    assert_eq!(with(&[("paa.der", &paa)]).outcome("root"), Outcome::Proven);
    assert_eq!(with(&[("paa.pem", pem(&paa).as_bytes())]).outcome("root"), Outcome::Proven);
    with(&[]).fails("root", "test authority of the Matter SDK");
    with(&[("other.der", &bytes(PAA_FFF1))]).fails("root", "test authority of the Matter SDK");
}

/// The library's own test device: other certificates of the SDK, which never expire, with an authority for one vendor. Its certification declaration is
/// signed by the alliance, for development.
#[test]
fn certificates_of_the_sdk() {
    let sent = changed(|sent| {
        sent.dac = TEST_DEV_ATT.dac().to_vec();
        sent.pai = TEST_DEV_ATT.pai().to_vec();
        sent.roots = Some(roots(&[("paa.der", &bytes(PAA_FFF1))]));
        let declaration = TEST_DEV_ATT.cert_declaration();
        sent.elements = [
            &[0x15, 0x31, 0x01],
            &(declaration.len() as u16).to_le_bytes()[..],
            declaration,
            &[0x30, 0x02, 32],
            &bytes(NONCE),
            &[0x18],
        ]
        .concat();
    });
    let report = sent.report();
    for index in 0..4 {
        assert_eq!(report.checks[index].1, Outcome::Proven, "{}", report.checks[index].0);
    }
    sent.fails("certification-declaration", "for development and tests only");
}

#[test]
fn possession_is_that_of_this_session() {
    assert_eq!(Sent::recorded().outcome("possession"), Outcome::Proven);
    changed(|sent| sent.challenge = [0; 16]).fails("possession", "not that of this certificate's key");
    changed(|sent| sent.signature[40] ^= 1).fails("possession", "not that of this certificate's key");
    changed(|sent| sent.signature = vec![0; 63]).fails("possession", "63 bytes");
}

/// A request is signed over its elements and the challenge, as attestation elements are.
#[test]
fn requests_are_signed_with_the_attested_key() {
    let sent = Sent::recorded();
    let check = |elements: &[u8], signature: &[u8], challenge: &[u8; 16]| {
        let mut report = sent.report();
        let request = Request {
            dac: &sent.dac,
            elements,
            signature,
            challenge,
        };
        let holds = check_request(&mut report, &request);
        assert_eq!(holds, report.checks[5].1 == Outcome::Proven);
        assert_eq!(report.checks[..5], sent.report().checks[..5]);
        holds
    };
    assert!(check(&sent.elements, &sent.signature, &sent.challenge));
    assert!(!check(&sent.elements[1..], &sent.signature, &sent.challenge));
    assert!(!check(&sent.elements, &sent.signature[..63], &sent.challenge));
    assert!(!check(&sent.elements, &sent.signature, &[0; 16]));
    assert!(!check(&[], &[], &sent.challenge));

    // What did not hold before is told as it was.
    let mut report = changed(|sent| sent.dac.clear()).report();
    let before = report.clone();
    let request = Request {
        dac: &[],
        elements: &sent.elements,
        signature: &sent.signature,
        challenge: &sent.challenge,
    };
    assert!(!check_request(&mut report, &request));
    assert_eq!(report, before);
}

#[test]
fn a_recorded_answer_is_noticed() {
    changed(|sent| sent.nonce[0] ^= 1).fails("nonce", "another question");
    changed(|sent| sent.nonce.clear()).fails("nonce", "another question");
    changed(|sent| sent.elements.truncate(100)).fails("nonce", "cannot be read");
    changed(|sent| sent.elements = vec![0x15; 5_000]).fails("nonce", "5000 bytes");
}

#[test]
fn forged_chains_are_noticed() {
    // The last byte is of the signature, the product id in the subject's name is signed.
    changed(|sent| *sent.dac.last_mut().unwrap() ^= 1).fails("chain", "signature that is not its issuer's");
    let product = bytes(DAC).windows(4).rposition(|window| window == b"8001").unwrap();
    let forged = changed(|sent| sent.dac[product + 3] = b'2');
    forged.fails("chain", "signature that is not its issuer's");
    forged.fails("vendor-and-product", "product 0x8002");
    changed(|sent| sent.pai = TEST_DEV_ATT.pai().to_vec()).fails("chain", "names another key");
    changed(|sent| sent.dac = sent.pai.clone()).fails("chain", "none of the kind");
    changed(|sent| sent.pai = sent.dac.clone()).fails("chain", "none of the kind");
    changed(|sent| sent.dac.clear()).fails("chain", "is missing");
    changed(|sent| sent.dac.push(0)).fails("chain", "none of the kind");
    changed(|sent| sent.dac = vec![0x30; 601]).fails("chain", "601 bytes");

    let paa = bytes(PAA);
    let forged = changed(|sent| {
        *sent.pai.last_mut().unwrap() ^= 1;
        sent.roots = Some(roots(&[("paa.der", &paa)]));
    });
    forged.fails("root", "signature that is not its issuer's");
    assert_eq!(
        forged.outcome("chain"),
        Outcome::Proven,
        "the intermediate certificate's key is still the same"
    );
}

/// A certificate that was made before its issuer's, as nobody makes them.
#[test]
fn certificates_are_of_their_issuers_time() {
    let year = bytes(DAC)
        .windows(13)
        .position(|window| window.starts_with(b"25") && window.ends_with(b"Z"))
        .unwrap();
    changed(|sent| sent.dac[year] = b'1').fails("chain", "when its issuer was not valid");
}

#[test]
fn names_must_agree() {
    let with = |basic_information, expected| {
        changed(|sent| {
            sent.basic_information = basic_information;
            sent.expected = expected;
        })
    };
    let (vendor, product) = (Some(0xfff1), Some(0x8001));
    assert_eq!(with((vendor, product), (vendor, product)).outcome("vendor-and-product"), Outcome::Proven);
    assert_eq!(with((None, None), (None, None)).outcome("vendor-and-product"), Outcome::Proven);
    assert_eq!(
        with((vendor, product), (Some(0), Some(0))).outcome("vendor-and-product"),
        Outcome::Proven,
        "anonymous announcement"
    );
    with((Some(0x1234), product), (None, None)).fails("vendor-and-product", "the device says vendor 0x1234");
    with((vendor, Some(0x8000)), (None, None)).fails("vendor-and-product", "the device says product 0x8000");
    with((Some(0), product), (None, None)).fails("vendor-and-product", "the device says vendor 0x0000");
    with((vendor, product), (Some(0x1234), None)).fails("vendor-and-product", "its code or announcement says vendor 0x1234");
    with((vendor, product), (vendor, Some(1))).fails("vendor-and-product", "its code or announcement says product 0x0001");
}

#[test]
fn declarations_are_signed() {
    let content = bytes(ELEMENTS).windows(4).position(|window| window == b"CSA0").unwrap();
    changed(|sent| sent.elements[content + 5] = b'1').fails("certification-declaration", "signature is wrong");
    let key = bytes(ELEMENTS).windows(4).position(|window| window == [0x62, 0xfa, 0x82, 0x33]).unwrap();
    changed(|sent| sent.elements[key] = 0).fails("certification-declaration", "not known here (00fa8233");
    changed(|sent| sent.elements[5] = 0).fails("certification-declaration", "cannot be read");
    assert!(matches!(
        changed(|sent| sent.elements[5] = 0).outcome("vendor-and-product"),
        Outcome::NotChecked(_)
    ));
}

#[test]
fn folders_tell_what_they_cannot_use() {
    let paa = bytes(PAA);
    let mut damaged = paa.clone();
    damaged[200] ^= 1;
    let both = pem(&paa) + "\nThe second:\n" + &pem(&bytes(PAA_FFF1));
    let folder = Folder::with(&[
        ("a.der", &paa),
        ("again.cer", &paa),
        ("bundle.txt", both.as_bytes()),
        ("damaged.der", &damaged),
        ("empty.pem", b""),
        ("half.pem", &pem(&paa).as_bytes()[..200]),
        ("pai.crt", &bytes(PAI)),
        ("README", b"no certificate"),
    ]);
    std::fs::create_dir(folder.0.join("folder.der")).unwrap();
    let roots = AttestationRoots::load(&folder.0).unwrap();
    assert_eq!(roots.len(), 2);
    assert!(!roots.is_empty());
    let unusable: Vec<(&str, &str)> = roots
        .unusable()
        .iter()
        .map(|(path, why)| (path.file_name().unwrap().to_str().unwrap(), why.as_str()))
        .collect();
    assert_eq!(
        unusable,
        [
            ("damaged.der", "it is no root certificate, or damaged"),
            ("empty.pem", "it is missing"),
            ("half.pem", "a PEM block has no end"),
            ("pai.crt", "it is none of the kind that Matter asks for"),
        ]
    );
    assert!(AttestationRoots::load(Path::new("/nowhere/at/all")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(
        elements in proptest::collection::vec(any::<u8>(), 0..300),
        signature in proptest::collection::vec(any::<u8>(), 0..70),
        dac in proptest::collection::vec(any::<u8>(), 0..300),
        pai in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let report = changed(|sent| {
            (sent.elements, sent.signature, sent.dac, sent.pai) = (elements, signature, dac, pai);
            sent.challenge = [0; 16];
            sent.roots = Some(AttestationRoots::default());
        })
        .report();
        prop_assert!(!report.is_enough());
    }

    /// One changed byte never panics, and never makes a chain that was not signed.
    #[test]
    fn changed_bytes_never_panic(part in 0..4_usize, position: prop::sample::Index, change in 1..=255_u8, cut: bool) {
        let paa = bytes(PAA);
        let sent = changed(|sent| {
            let bytes = match part {
                0 => &mut sent.elements,
                1 => &mut sent.signature,
                2 => &mut sent.dac,
                _ => &mut sent.pai,
            };
            let position = position.index(bytes.len());
            bytes[position] ^= change;
            if cut {
                bytes.truncate(position);
            }
            let mut roots = AttestationRoots::default();
            roots.add(&paa).unwrap();
            sent.roots = Some(roots);
        });
        let check = ["possession", "possession", "chain", "root"][part];
        prop_assert_ne!(sent.outcome(check), Outcome::Proven);
    }
}
