use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).unwrap();
        Self(std::env::temp_dir().join(format!("weft-fabric-{:016x}", u64::from_be_bytes(name))))
    }

    fn data(&self) -> PathBuf {
        self.0.join("matter")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

static ONE: LazyLock<Fabric> = LazyLock::new(|| Fabric::make("attic").unwrap());

/// A request of a device with a new key.
fn request() -> Vec<u8> {
    let mut buffer = [0; 400];
    crypto().generate_secret_key().unwrap().csr(&mut buffer).unwrap().to_vec()
}

#[test]
fn made_once_and_found_again() {
    let folder = Folder::new();
    let directory = folder.data();
    assert!(!Fabric::exists(&directory));
    let made = Fabric::open(&directory, "attic").unwrap();
    assert!(Fabric::exists(&directory));
    let bytes = std::fs::read(directory.join("fabric")).unwrap();
    let again = Fabric::open(&directory, "another name").unwrap();
    assert_eq!(std::fs::read(directory.join("fabric")).unwrap(), bytes, "opening writes nothing");
    assert_eq!(again.root_certificate(), made.root_certificate());
    assert_eq!(again.kept.our_certificate, made.kept.our_certificate);
    assert_eq!(again.compressed_id(), made.compressed_id());
    assert_eq!(again.fabric_id(), made.fabric_id());
    assert_eq!(again.our_node(), made.our_node());
    assert_eq!(*again.ipk(), *made.ipk());
    assert_eq!(again.label(), "Weft attic");
    assert!(OUR_NODE_IDS.contains(&made.our_node().as_u64()));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let directory = folder.data();
    let mut fabric = Fabric::open(&directory, "attic").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("fabric")), 0o600);
    fabric.set_label("Weft cellar").unwrap();
    assert_eq!(mode(&directory.join("fabric")), 0o600);
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    Fabric::open(&directory, "attic").unwrap();
    assert_eq!(mode(&directory), 0o700);
}

#[test]
fn two_instances_share_nothing() {
    let other = Fabric::make("attic").unwrap();
    assert_ne!(other.compressed_id(), ONE.compressed_id());
    assert_ne!(other.fabric_id(), ONE.fabric_id());
    assert_ne!(other.our_node(), ONE.our_node());
    assert_ne!(*other.ipk(), *ONE.ipk());
    assert_ne!(other.root_certificate(), ONE.root_certificate());
    assert_ne!(other.alternative_label(), ONE.alternative_label());
}

#[test]
fn a_broken_file_is_told_and_left_alone() {
    let folder = Folder::new();
    let directory = folder.data();
    Fabric::open(&directory, "attic").unwrap();
    let path = directory.join("fabric");
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[60] ^= 1;
    let mut newer = good.clone();
    newer[10] = 2;
    for (bytes, reason) in [
        (flipped, "checksum"),
        (newer, "version 2"),
        (good[..good.len() / 2].to_vec(), "checksum"),
        (good[..10].to_vec(), "cut off"),
        (Vec::new(), "empty"),
        (b"#!/bin/sh".to_vec(), "does not begin"),
        (vec![0x41; 100_000], "more than 4096 bytes"),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let Err(error @ FabricError::Broken { .. }) = Fabric::open(&directory, "attic") else {
            panic!("{reason}")
        };
        assert!(error.to_string().contains(reason), "{error}");
        assert!(matches!(Fabric::restore(&directory, &good), Err(FabricError::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{reason}");
    }
}

#[test]
fn a_rest_of_an_interrupted_write_is_in_nobodys_way() {
    let folder = Folder::new();
    let directory = folder.data();
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("fabric.new"), b"half of a fab").unwrap();
    let mut fabric = Fabric::open(&directory, "attic").unwrap();
    std::fs::write(directory.join("fabric.new"), b"half of a fab").unwrap();
    fabric.set_label("Weft cellar").unwrap();
    assert_eq!(Fabric::open(&directory, "attic").unwrap().label(), "Weft cellar");
    assert!(!directory.join("fabric.new").exists());
}

#[test]
fn labels_are_kept_or_refused() {
    let folder = Folder::new();
    let directory = folder.data();
    let mut fabric = Fabric::open(&directory, "attic").unwrap();
    let certificate = fabric.root_certificate().to_vec();
    for bad in ["", "  ", "a\nb", &"x".repeat(33)] {
        assert!(matches!(fabric.set_label(bad), Err(FabricError::Label)), "{bad:?}");
    }
    let other = fabric.alternative_label();
    fabric.set_label(&other).unwrap();
    assert_eq!(fabric.alternative_label(), other, "there is only one alternative");
    let again = Fabric::open(&directory, "attic").unwrap();
    assert_eq!(again.label(), other);
    assert_eq!(again.root_certificate(), certificate);
}

#[test]
fn a_backup_brings_it_back() {
    let bytes = ONE.bytes();
    let folder = Folder::new();
    let restored = Fabric::restore(&folder.data(), &bytes).unwrap();
    assert_eq!(restored.compressed_id(), ONE.compressed_id());
    assert_eq!(*Fabric::open(&folder.data(), "attic").unwrap().bytes(), *bytes);
    assert!(matches!(Fabric::from_bytes(b"something else"), Err(FabricError::NoFabric(_))));
}

/// Parts of two fabrics, each sound by itself, make none.
#[test]
fn parts_must_belong_together() {
    let other = Fabric::make("attic").unwrap().kept;
    let wrong = |change: fn(&mut Kept, &Kept)| {
        let mut kept = ONE.kept.clone();
        change(&mut kept, &other);
        Fabric::from_bytes(&file::encode(&kept)).err().expect("refused").to_string()
    };
    assert!(wrong(|kept, other| kept.root_secret = other.root_secret.clone()).contains("root key"));
    assert!(wrong(|kept, other| kept.our_secret = other.our_secret.clone()).contains("our key"));
    assert!(wrong(|kept, other| kept.fabric_id = other.fabric_id).contains("another fabric"));
    assert!(wrong(|kept, other| kept.our_node = other.our_node).contains("another node"));
    assert!(wrong(|kept, _| kept.root_secret = Zeroizing::new([0; 32])).contains("key"));
    assert!(wrong(|kept, _| kept.root_certificate.truncate(100)).contains("certificate"));
    assert!(wrong(|kept, _| kept.label = "x".repeat(40)).contains("label"));
}

#[test]
fn devices_get_certificates_of_this_fabric() {
    let node = MatterNodeId::from_u64(0x2a);
    let certificate = ONE.issue(crypto(), &request(), node).unwrap();
    let mut buffer = [0; MAX_CERT_TLV_AND_ASN1_LEN];
    let certificate = CertRef::new(TLVElement::new(&certificate));
    let root = CertRef::new(TLVElement::new(ONE.root_certificate()));
    assert_eq!(certificate.get_node_id().unwrap(), 0x2a);
    assert_eq!(certificate.get_fabric_id().unwrap(), ONE.fabric_id());
    let crypto = crypto();
    let time = rs_matter::dm::clusters::time_sync::UtcTime::Reliable(2_000_000);
    certificate
        .verify_chain_start(&crypto, time)
        .add_cert(&root, &mut buffer)
        .unwrap()
        .finalise(&mut buffer)
        .unwrap();
    let stranger = Fabric::make("attic").unwrap();
    let stranger = CertRef::new(TLVElement::new(stranger.root_certificate()));
    let time = rs_matter::dm::clusters::time_sync::UtcTime::Reliable(2_000_000);
    assert!(certificate.verify_chain_start(&crypto, time).add_cert(&stranger, &mut buffer).is_err());
}

#[test]
fn wrong_requests_get_none() {
    let good = request();
    let refused = |request: &[u8], node: u64| matches!(ONE.issue(crypto(), request, MatterNodeId::from_u64(node)), Err(FabricError::Request(_)));
    assert!(!refused(&good, 1));
    assert!(refused(&good, 0));
    assert!(refused(&good, ONE.our_node().as_u64()));
    // A group, the local node and a tag (Matter core specification 1.4, 2.5.5.1).
    assert!(refused(&good, 0xffff_ffff_ffff_0001));
    assert!(refused(&good, 0xffff_fffe_0000_0000));
    assert!(refused(&good, 0xffff_fffd_0001_0001));
    assert!(refused(&[], 1));
    assert!(refused(&[0x30; 5_000], 1));
    let mut forged = good;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert!(refused(&forged, 1));
}

#[test]
fn check_in_keys_are_of_one_node_and_one_fabric() {
    let key = |fabric: &Fabric, node: u64| *fabric.check_in_key(MatterNodeId::from_u64(node)).unwrap();
    assert_eq!(key(&ONE, 1), key(&Fabric::from_bytes(&ONE.bytes()).unwrap(), 1));
    assert_ne!(key(&ONE, 1), key(&ONE, 2));
    assert_ne!(key(&ONE, 1), key(&Fabric::make("attic").unwrap(), 1));
}

/// Matter core specification 1.4, 4.3.2.2: the example of a compressed fabric identifier.
#[test]
fn compressed_id_as_in_the_specification() {
    let mut point = [0; 64];
    let hex = "4a9f42b1ca4840d37292bbc7f6a7e11e22200c976fc900dbc98a7a383a641cb8254a2e56d4e295a847943b4e3897c4a773e930277b4d9fbede8a052686bfacfa";
    for (index, byte) in point.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap();
    }
    let compressed = derive::<64, 8>(&0x2906_c908_d115_d362_u64.to_be_bytes(), &point, b"CompressedFabric").unwrap();
    assert_eq!(u64::from_be_bytes(*compressed.access()), 0x87e1_b004_e235_a130);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_fabric(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Fabric::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_changed_byte_is_noticed(position: prop::sample::Index, change in 1..=255u8) {
        let mut bytes = ONE.bytes();
        let position = position.index(bytes.len());
        bytes[position] ^= change;
        prop_assert!(Fabric::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_cut_is_noticed(position: prop::sample::Index) {
        let bytes = ONE.bytes();
        prop_assert!(Fabric::from_bytes(&bytes[..position.index(bytes.len())]).is_err());
    }

    #[test]
    fn arbitrary_requests_are_refused(request in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(ONE.issue(crypto(), &request, MatterNodeId::from_u64(1)).is_err());
    }
}
