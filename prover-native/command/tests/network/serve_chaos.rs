//! `capseal serve` as a process, before a crowd that wants to hold it: slow heads, bodies and readers, a log that nobody reads, and honest
//! clients among them. Everything is on loopback and bounded, and ends by itself.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use capseal_network::provider::Folder;
use verifier_core::Digest;

/// A server whose log nobody reads.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(dir: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_capseal"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The first line says where; what comes after it stays in the pipe.
        let mut reader = BufReader::with_capacity(1, child.stderr.as_mut().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let address = line.rsplit("http://").next().unwrap().trim().parse().unwrap();
        Self { child, address }
    }

    /// Resident memory in MiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
    }

    fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    stream
}

/// Asks for a path on a connection that stays, and says whether it was answered whole with 200.
fn ask(stream: &mut TcpStream, path: &str) -> bool {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let (mut line, mut good, mut len) = (String::new(), false, 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        good |= line.starts_with("HTTP/1.1 200");
        len = line.to_ascii_lowercase().strip_prefix("content-length: ").map_or(len, |len| len.trim().parse().unwrap());
        line.clear();
    }
    let mut body = vec![0; len];
    good && reader.read_exact(&mut body).is_ok()
}

/// Honest clients among so many of each kind that hold on.
#[allow(clippy::print_stderr, reason = "figures are for people")]
fn crowd(each: usize, asked: usize, stays: bool) {
    let dir = tempfile::tempdir().unwrap();
    let put = |content: &[u8]| {
        let digest = Digest::of_content(content);
        let place = Folder::at(dir.path()).blob(&digest);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
        format!("/v1/blobs/{digest}")
    };
    let (large, small) = (put(&vec![7; 24 << 20]), put(&[1; 4096]));
    let mut serving = Serving::start(dir.path());
    let zeros = "0".repeat(64);
    let held: Vec<TcpStream> = (0..each)
        .flat_map(|_| {
            [
                "GET / HTTP/1.1\r\nHost: x\r\nA: ".to_owned(),
                format!("POST /v1/da/{zeros}/open HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
                format!("GET {large} HTTP/1.1\r\nHost: x\r\n\r\n"),
            ]
        })
        .map(|sent| send(serving.address, &sent))
        .collect();
    let mut stream = send(serving.address, "");
    let mut times: Vec<Duration> = (0..asked)
        .map(|number| {
            let begun = Instant::now();
            assert!(ask(&mut stream, if number % 8 == 0 { "/healthz" } else { &small }), "request {number}");
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (p50, p99) = (times[asked / 2], times[asked * 99 / 100]);
    let (memory, threads) = (serving.memory(), serving.threads());
    eprintln!("{each} of each kind: p50 {p50:?}, p99 {p99:?}, {memory} MiB, {threads} threads");
    assert!(memory < 256 && threads < 300, "{memory} MiB, {threads} threads");
    let held = if stays { held } else { Vec::new() };
    Command::new("kill").args(["-TERM", &serving.child.id().to_string()]).status().unwrap();
    let ended = Instant::now();
    while serving.child.try_wait().unwrap().is_none() {
        assert!(ended.elapsed() < Duration::from_secs(30), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(held);
}

#[test]
fn honest_clients_are_answered_in_a_crowd() {
    crowd(40, 1500, false);
}

#[test]
#[ignore = "opens 3,000 connections"]
fn honest_clients_are_answered_among_three_thousand() {
    crowd(1000, 20_000, true);
}
