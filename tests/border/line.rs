//! A line between a machine and the switch that loses, doubles and reorders frames. (The kernel's own emulation is not on every machine.)

use super::harness::{Host, Lan, Program};
use std::path::Path;

/// Frames whose checksum the network card would add reach a program without it.
const NO_OFFLOAD: &str = "import array, fcntl, socket, struct, sys
for code in (0x17, 0x1f, 0x24):
    value = array.array('B', struct.pack('II', code, 0))
    request = struct.pack('16sP', sys.argv[1].encode(), value.buffer_info()[0])
    fcntl.ioctl(socket.socket(), 0x8946, request)";

/// How bad a line is, in percent of its frames.
#[derive(Debug, Clone, Copy)]
pub struct Badness {
    pub lost: u8,
    pub doubled: u8,
    pub late: u8,
}

/// A bad line, until this value goes.
pub struct BadLine {
    program: Option<Program>,
    switch: Host,
    port: String,
}

impl BadLine {
    /// Puts one between a machine and the switch.
    pub fn before(lan: &Lan, host: &Host, badness: Badness) -> Self {
        let (switch, port) = (lan.at_the_switch(), host.port().to_owned());
        host.run(&format!("python3 -c \"{NO_OFFLOAD}\" eth0"));
        switch.run(&format!(
            "ip link set {port} nomaster && ip link add bad{port} type veth peer name far{port} && ip link set far{port} master br0 up \
             && python3 -c \"{NO_OFFLOAD}\" far{port} && ip link set bad{port} promisc on up && ip link set {port} promisc on"
        ));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("border/line.py").display().to_string();
        let near = format!("bad{port}");
        let percent = [badness.lost, badness.doubled, badness.late].map(|percent| percent.to_string());
        let arguments = [&*script, &port, &near, &percent[0], &percent[1], &percent[2], "7"];
        let program = Program::start(&switch, "line", Path::new("python3"), &arguments);
        program.line_with("ready");
        Self {
            program: Some(program),
            switch,
            port,
        }
    }
}

impl Drop for BadLine {
    fn drop(&mut self) {
        drop(self.program.take());
        let port = &self.port;
        // Not `run`: the namespace may be gone with a test that failed.
        let script = format!("ip link del bad{port}; ip link set {port} promisc off; ip link set {port} master br0");
        let _ = self.switch.command(Path::new("sh")).args(["-c", &script]).output();
    }
}
