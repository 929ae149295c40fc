//! The server before clients that take their time, or say it in an unusual way. Everything is on loopback, and ends by itself.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use capseal_network::{
    provider::{Folder, Gate},
    serve::{Limits, Listen, Server, Settings},
};
use verifier_core::Digest;

struct Scene {
    dir: tempfile::TempDir,
    large: String,
    small: String,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let put = |content: &[u8]| {
            let digest = Digest::of_content(content);
            let place = Folder::at(dir.path()).blob(&digest);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
            format!("/v1/blobs/{digest}")
        };
        // More than sockets take in without a reader.
        let (large, small) = (put(&vec![7; 24 << 20]), put(b"0123456789"));
        Self { dir, large, small }
    }

    fn settings(&self) -> Settings {
        Settings::of(Folder::at(self.dir.path()))
    }

    fn serve(&self, settings: Settings) -> Server {
        Server::start_with(&SocketAddr::from(([127, 0, 0, 1], 0)).into(), settings).unwrap()
    }
}

/// What a connection that was sent something answers: status, headers in lower case, body.
fn said(stream: impl Read) -> (u16, String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        head += &line.to_ascii_lowercase();
        line.clear();
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; len];
    let read = reader.read_exact(&mut body).is_ok();
    (status, head, if read { body } else { Vec::new() })
}

fn connect(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    stream
}

fn ask(address: SocketAddr, sent: &str) -> (u16, String, Vec<u8>) {
    said(connect(address, sent))
}

fn get(address: SocketAddr, path: &str) -> (u16, String, Vec<u8>) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
}

#[test]
fn conditions_ranges_and_hosts_are_those_of_the_standard() {
    let scene = Scene::new();
    let server = scene.serve(scene.settings());
    let etag = format!("\"{}\"", scene.small.rsplit('/').next().unwrap());
    let status = |method: &str, headers: &str| {
        let path = &scene.small;
        ask(server.address(), &format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")).0
    };
    assert_eq!(status("GET", &format!("If-None-Match: W/{etag}\r\n")), 304);
    assert_eq!(status("GET", &format!("If-None-Match: \"x\"\r\nIf-None-Match: {etag}\r\n")), 304);
    assert_eq!(status("GET", &format!("If-None-Match: {etag}\r\nRange: bytes=99-\r\n")), 304);
    assert_eq!(status("GET", "Range: bytes=99-\r\n"), 416);
    assert_eq!(status("GET", "Range: bytes=0-1\r\n"), 206);
    assert_eq!(status("GET", &format!("Range: bytes=0-1\r\nIf-Range: {etag}\r\n")), 206);
    assert_eq!(status("GET", "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n"), 200);
    assert_eq!(status("GET", "If-Match: \"x\"\r\n"), 412);
    assert_eq!(status("GET", &format!("If-Match: {etag}\r\n")), 200);
    let head = format!("HEAD {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=0-1\r\n\r\n", scene.small);
    let (status, headers, _) = ask(server.address(), &head);
    assert!(status == 200 && headers.contains("content-length: 10"), "{headers}");
    assert_eq!(ask(server.address(), "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").0, 400);
    assert_eq!(
        ask(server.address(), "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n").0,
        400
    );
    assert_eq!(ask(server.address(), "GET /healthz HTTP/1.0\r\n\r\n").0, 200);
    let range = format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=-3\r\n\r\n", scene.small);
    assert_eq!(ask(server.address(), &range).2, b"789");
}

#[test]
fn nobody_holds_what_others_need() {
    let scene = Scene::new();
    let server = scene.serve(scene.settings());
    let zeros = "0".repeat(64);
    let held: Vec<TcpStream> = (0..600)
        .map(|number| match number % 3 {
            0 => connect(server.address(), "GET / HTTP/1.1\r\nHost: x\r\nA: "),
            1 => connect(
                server.address(),
                &format!("POST /v1/da/{zeros}/open HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
            ),
            _ => connect(server.address(), &format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", scene.large)),
        })
        .collect();
    for path in ["/healthz", "/readyz", "/metrics", &scene.small] {
        assert_eq!(get(server.address(), path).0, 200, "{path}");
    }
    let (status, _, body) = get(server.address(), &scene.large);
    assert_eq!((status, body.len()), (200, 24 << 20));
    drop(held);
}

#[test]
fn the_end_comes_within_its_grace_whatever_clients_do() {
    let scene = Scene::new();
    let limits = Limits { grace: Duration::from_millis(300), ..Limits::DEFAULT };
    let zeros = "0".repeat(64);
    for sent in [
        "GET / HTTP/1.1\r\nHost: x\r\nA: ".to_owned(),
        format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", scene.large),
        format!("POST /v1/da/{zeros}/open HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
        String::new(),
    ] {
        let server = scene.serve(Settings { limits, ..scene.settings() });
        let held = connect(server.address(), &sent);
        assert_eq!(get(server.address(), "/healthz").0, 200);
        // Ends at all: a client that holds it would hold this test.
        server.stop().unwrap();
        drop(held);
    }
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let scene = Scene::new();
    let limits = Limits { head: Duration::from_millis(200), ..Limits::DEFAULT };
    let server = scene.serve(Settings { limits, ..scene.settings() });
    for sent in ["", "GET / HTTP/1.1\r\nHost: x\r\nA: ", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = connect(server.address(), sent);
        let mut all = Vec::new();
        // The connection is closed by the other end; without that, the time to read runs out.
        assert!(stream.read_to_end(&mut all).is_ok(), "{sent}");
    }
}

#[test]
fn what_lies_behind_a_link_is_not_served() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let da = scene.dir.path().join("v1/da");
    fs::create_dir_all(&da).unwrap();
    let digest = Digest::of_content(b"an archive").to_string();
    fs::write(elsewhere.path().join("z"), "secret").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), da.join(&digest)).unwrap();
    let blob = Digest::of_content(b"a link").to_string();
    std::os::unix::fs::symlink(elsewhere.path().join("z"), scene.dir.path().join("v1/blobs").join(&blob)).unwrap();
    let server = scene.serve(scene.settings());
    assert_eq!(get(server.address(), &format!("/v1/da/{digest}/z")).0, 404);
    assert_eq!(get(server.address(), &format!("/v1/blobs/{blob}")).0, 404);
}

#[test]
fn a_socket_file_is_listened_on_and_removed() {
    let scene = Scene::new();
    let path = scene.dir.path().join("socket");
    let server = Server::start_with(&Listen::Socket(path.clone()), scene.settings()).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(said(stream).0, 200);
    server.stop().unwrap();
    assert!(!path.exists());
}

/// Asks until it is answered so; readiness is looked at again and again.
fn until(address: SocketAddr, path: &str, status: u16) {
    let begun = Instant::now();
    while get(address, path).0 != status {
        assert!(begun.elapsed() < Duration::from_secs(30), "{path} is not answered {status}");
    }
}

#[test]
fn readiness_is_true_and_figures_say_what_they_are() {
    let scene = Scene::new();
    let gate = Gate::watch(&scene.dir.path().join("access.toml"), &scene.dir.path().join("decisions.jsonl")).unwrap();
    let server = scene.serve(Settings { gate: Some(Arc::new(gate)), ..scene.settings() });
    until(server.address(), "/readyz", 200);
    let metrics = String::from_utf8(get(server.address(), "/metrics").2).unwrap();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let help = [family, name].iter().any(|name| metrics.contains(&format!("# HELP {name} ")));
        assert!(help, "{line}");
    }
    for name in ["capseal_in_flight", "capseal_answer_seconds_bucket", "capseal_connections", "capseal_build_info"] {
        assert!(metrics.contains(name), "{name}");
    }
    // An access file that cannot be read shuts everything, and it is said.
    fs::write(scene.dir.path().join("access.toml"), "schema = 1\n").unwrap();
    until(server.address(), "/readyz", 503);
    assert_eq!(get(server.address(), "/healthz").0, 200, "the process is there");
    assert_eq!(get(server.address(), &scene.small).0, 503);
    fs::remove_file(scene.dir.path().join("access.toml")).unwrap();
    assert_eq!(get(server.address(), &scene.small).0, 503, "what was shut stays shut");
}

#[test]
fn figures_are_for_operators_where_they_have_a_place() {
    let scene = Scene::new();
    let path = scene.dir.path().join("operators");
    let settings = Settings { operator: Some(Listen::Socket(path.clone())), ..scene.settings() };
    let server = scene.serve(settings);
    assert_eq!(get(server.address(), "/metrics").0, 404);
    assert_eq!(get(server.address(), "/readyz").0, 404);
    assert_eq!(get(server.address(), "/healthz").0, 200);
    for wanted in ["/metrics", "/readyz", "/healthz"] {
        assert_eq!(from_socket(&path, wanted), 200, "{wanted}");
    }
}

fn from_socket(path: &Path, wanted: &str) -> u16 {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(format!("GET {wanted} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    said(stream).0
}

/// A connection to a server on loopback from an address of one's own.
fn connect_from(last: u8, server: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
        socket.connect(server).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

#[test]
fn one_client_cannot_have_all_connections() {
    let scene = Scene::new();
    let limits = Limits { client_connections: Some(3), ..Limits::DEFAULT };
    let server = scene.serve(Settings { limits, ..scene.settings() });
    let from = |last| {
        let mut stream = connect_from(last, server.address());
        // One that is refused may be gone already.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        (said(&stream).0, stream)
    };
    let mut held: Vec<(u16, TcpStream)> = (0..3).map(|_| from(2)).collect();
    assert!(held.iter().all(|(status, _)| *status == 200));
    assert_eq!(from(2).0, 0, "a fourth");
    assert_eq!(from(3).0, 200, "another client");
    let figures = String::from_utf8(get(server.address(), "/metrics").2).unwrap();
    assert!(figures.contains("\ncapseal_client_refused_total 1\n"), "{figures}");

    // What one gives back, it has again.
    held.pop();
    let again = std::iter::repeat_with(|| from(2).0).take(1000).any(|status| status == 200);
    assert!(again);
}

#[test]
fn a_trusted_proxy_has_no_share() {
    let scene = Scene::new();
    let limits = Limits { client_connections: Some(1), ..Limits::DEFAULT };
    let proxies = vec!["127.0.0.2".parse().unwrap()];
    let server = scene.serve(Settings { limits, proxies, ..scene.settings() });
    let mut held: Vec<TcpStream> = (0..8).map(|_| connect_from(2, server.address())).collect();
    for stream in &mut held {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(said(&*stream).0, 200);
    }
}
