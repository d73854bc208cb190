use super::*;
use p256::FieldBytes;
use p256::elliptic_curve::PrimeField;

const VECTORS: &str = include_str!("../../fixtures/jpake/vectors.txt");

fn vector(name: &str) -> Vec<u8> {
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    (0..line.len() / 2)
        .map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

fn key(name: &str) -> Zeroizing<Scalar> {
    Zeroizing::new(Scalar::from_repr(FieldBytes::try_from(vector(name).as_slice()).unwrap()).unwrap())
}

/// A generator that anybody can foresee: for tests.
fn random(seed: u64) -> Random {
    let mut state = seed;
    Box::new(move |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    })
}

#[test]
fn both_sides_reach_the_known_answer() {
    let password = vector("password");
    let mut client = Jpake::with_keys(Side::Client, &password, key("x1"), key("x2"));
    let mut server = Jpake::with_keys(Side::Server, &password, key("x3"), key("x4"));
    client.read_round_one(&vector("srv_one")).unwrap();
    server.read_round_one(&vector("cli_one")).unwrap();
    client.read_round_two(&vector("srv_two")).unwrap();
    server.read_round_two(&vector("cli_two")).unwrap();
    assert_eq!(client.premaster().unwrap().as_slice(), vector("pms"));
    assert_eq!(server.premaster().unwrap().as_slice(), vector("pms"));
}

#[test]
fn our_points_are_those_of_the_known_answer() {
    let password = vector("password");
    let mut client = Jpake::with_keys(Side::Client, &password, key("x1"), key("x2"));
    let mut server = Jpake::with_keys(Side::Server, &password, key("x3"), key("x4"));
    let one = client.write_round_one(&mut random(1));
    assert_eq!(one.len(), 330);
    let known = vector("cli_one");
    assert_eq!((&one[..66], &one[165..231]), (&known[..66], &known[165..231]));
    client.read_round_one(&vector("srv_one")).unwrap();
    server.read_round_one(&vector("cli_one")).unwrap();
    let (two, known) = (client.write_round_two(&mut random(2)).unwrap(), vector("cli_two"));
    assert_eq!((two.len(), &two[..66]), (165, &known[..66]));
    let (two, known) = (server.write_round_two(&mut random(3)).unwrap(), vector("srv_two"));
    assert_eq!((two.len(), &two[..69]), (168, &known[..69]));
}

/// What both sides end with.
type Keys = (Zeroizing<[u8; PREMASTER_BYTES]>, Zeroizing<[u8; PREMASTER_BYTES]>);

fn agree(client_password: &[u8], server_password: &[u8]) -> Result<Keys, JpakeError> {
    let mut source = random(7);
    let mut client = Jpake::new(Side::Client, client_password, &mut source);
    let mut server = Jpake::new(Side::Server, server_password, &mut source);
    server.read_round_one(&client.write_round_one(&mut source))?;
    client.read_round_one(&server.write_round_one(&mut source))?;
    client.read_round_two(&server.write_round_two(&mut source)?)?;
    server.read_round_two(&client.write_round_two(&mut source)?)?;
    Ok((client.premaster()?, server.premaster()?))
}

#[test]
fn equal_passwords_give_equal_keys_and_others_do_not() {
    let (client, server) = agree(b"154507124", b"154507124").unwrap();
    assert!(client == server);
    let (client, server) = agree(b"154507124", b"154507125").unwrap();
    assert!(client != server);
    // Longer than the curve's order has bytes.
    let (client, server) = agree(&[0xff; 80], &[0xff; 80]).unwrap();
    assert!(client == server);
    assert_eq!(agree(&[], b"x").err(), Some(JpakeError::Point));
}

#[test]
fn our_own_words_said_back_are_refused() {
    let mut source = random(9);
    let mut client = Jpake::new(Side::Client, b"password", &mut source);
    let own = client.write_round_one(&mut source);
    assert_eq!(client.read_round_one(&own), Err(JpakeError::Proof));
}

#[test]
fn every_bit_and_every_length_counts() {
    let mut client = Jpake::with_keys(Side::Client, &vector("password"), key("x1"), key("x2"));
    let one = vector("srv_one");
    for length in 0..one.len() {
        assert!(client.read_round_one(&one[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(client.read_round_one(&[one.as_slice(), &[0]].concat()), Err(JpakeError::Length));
    for at in 0..one.len() {
        let mut changed = one.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(client.read_round_one(&changed).is_err(), "byte {at}");
    }
    assert_eq!(client.read_round_two(&vector("srv_two")), Err(JpakeError::Early));
    client.read_round_one(&one).unwrap();
    let mut two = vector("srv_two");
    two[2] = 24;
    assert_eq!(client.read_round_two(&two), Err(JpakeError::Curve));
    assert!(client.premaster().is_err());
}

#[test]
fn points_off_the_curve_and_numbers_out_of_range_are_refused() {
    let mut reader = Reader::new(&[65, 0]);
    assert_eq!(read_point(&mut reader), Err(JpakeError::Length));
    let mut infinite = vec![65, 4];
    infinite.resize(66, 0);
    assert_eq!(read_point(&mut Reader::new(&infinite)), Err(JpakeError::Point));
    assert_eq!(read_point(&mut Reader::new(&[1, 0])), Err(JpakeError::Length));
    let mut message = vector("srv_one");
    message[133..165].fill(0xff);
    let mut client = Jpake::with_keys(Side::Client, b"password", key("x1"), key("x2"));
    assert_eq!(client.read_round_one(&message), Err(JpakeError::Proof));
}
