//! The peers themselves: what the other tests rely on.

use super::harness::Lan;
use super::line::{BadLine, Badness};
use std::path::Path;

/// A bad line that loses nothing would prove nothing.
#[test]
fn a_bad_line_loses_and_doubles_and_still_carries() {
    let Some(lan) = Lan::new() else { return };
    let (here, there) = (lan.host("here"), lan.host("there"));
    let answers = |count: u32| {
        let script = format!(
            "import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', 5000))
s.settimeout(1)
for n in range({count}):
    s.sendto(b'%d' % n, ('ff02::1', 5001, 0, socket.if_nametoindex('eth0')))
    time.sleep(0.002)
heard = []
try:
    while True: heard.append(int(s.recv(100)))
except TimeoutError: pass
print(len(heard), len(set(heard)), sum(a > b for a, b in zip(heard, heard[1:])))"
        );
        let output = here.command(Path::new("python3")).args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let numbers: Vec<u32> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        (numbers[0], numbers[1], numbers[2])
    };
    let echo = "import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', 5001))
index = socket.if_nametoindex('eth0')
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, 'ff02::1') + struct.pack('I', index))
print('ready', flush=True)
while True:
    data, origin = s.recvfrom(100)
    s.sendto(data, origin)";
    let program = super::harness::Program::start(&there, "echo", Path::new("python3"), &["-c", echo]);
    program.line_with("ready");
    assert_eq!(answers(200), (200, 200, 0));
    let bad = BadLine::before(
        &lan,
        &here,
        Badness {
            lost: 30,
            doubled: 10,
            late: 10,
        },
    );
    let (all, different, turned) = answers(200);
    // Both ways have to go well: 0.7 × 0.7 of 200, give or take.
    assert!((65..135).contains(&different), "{different}");
    assert!(all > different && turned > 0, "{all} {different} {turned}");
    drop(bad);
    assert_eq!(answers(200), (200, 200, 0));
}
