//! Providers, honest and hostile, and the client that audits them. Everything is on loopback, and ends by itself.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use capseal_archive::bundle::Bundle;
use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_network::{
    audit::{Audit, RowOutcome, audit, fetch},
    http::{Bounds, Client, Credentials},
    provider::{Access, Folder, Gate, export, of_bundle},
    serve::{Server, Settings},
};
use capseal_recorder::{CaptureChoice, Program, Request};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination};
use capseal_trust::{
    capability::{Asked, Terms, issue, prove},
    keys::SecretKey,
};
use verifier_core::{
    Digest, ReasonCode, Verdict, VerifyOptions,
    availability::Availability,
    capability::{Permission, to_base64},
    cbor::Value,
    row_check::{RowCheckHeader, Sketch},
    stc::{MultiOpening, opening_len},
    verify,
};

/// A receipt whose archive lies elsewhere, and a provider's folder with it.
struct Scene {
    dir: tempfile::TempDir,
    receipt: Vec<u8>,
    da_hash: Digest,
    rows: u64,
}

impl Scene {
    fn new() -> Self {
        let folder = capseal_recorder::testing::Folder::new();
        folder.file("job.sh", "#!/bin/sh\nwc -c < data.bin\n");
        // Over what a detached archive's receipt shows, so that rows have to be asked for.
        folder.file(
            "data.bin",
            (0..1_200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
        );
        let program = Program::Command(["sh", "job.sh"].map(Into::into).to_vec());
        let request =
            Request { capture: CaptureChoice::Declared, inputs: vec!["data.bin".into()], ..folder.request(program) };
        let record = folder.run(&request);
        let dir = tempfile::tempdir().unwrap();
        let place = ArchivePlace { embed_limit: 0, detached: dir.path().join("archive"), existing: Existing::Keep };
        let store: ArtifactStore = folder.store();
        let destination = Destination { path: dir.path().join("run.cap"), existing: Existing::Keep };
        seal::process(&record, store, &place).unwrap().write(&destination).unwrap();
        let receipt = fs::read(&destination.path).unwrap();
        let archive = dir.path().join("archive");
        let bundle = Bundle::open(&receipt, Some(&archive)).unwrap();
        let exported = export(&bundle, Some(&archive), &Folder::at(&dir.path().join("www"))).unwrap();
        let again = export(&bundle, Some(&archive), &Folder::at(&dir.path().join("www"))).unwrap();
        assert_eq!(exported, again);
        let (da_hash, rows) = (exported.da_hash.unwrap(), exported.rows);
        Self { dir, receipt, da_hash, rows }
    }

    fn folder(&self) -> Folder {
        Folder::at(&self.dir.path().join("www"))
    }

    fn serve(&self) -> Server {
        Server::start(loopback(), self.folder()).unwrap()
    }

    fn row(&self, index: u64) -> PathBuf {
        self.folder().row(&self.da_hash, index)
    }

    fn archive(&self) -> PathBuf {
        self.dir.path().join("archive")
    }

    fn judge(&self, audit: Audit) -> Verdict {
        let options = VerifyOptions { samples: Some(audit.samples), at: Some(7), ..VerifyOptions::default() };
        verify(&self.receipt, &options)
    }

    /// What comes of an audit of these providers.
    fn audited(&self, providers: &[Client]) -> Verdict {
        self.judge(audit(&self.receipt, providers, 80, &|_, _| {}).unwrap())
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

const BOUNDS: Bounds = Bounds {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(2),
    answer: Duration::from_secs(2),
    total: Duration::from_secs(60),
    bytes_per_second: 8 << 10,
    retries: 1,
};

fn client(address: SocketAddr) -> Client {
    Client::new(&format!("http://{address}/"), BOUNDS).unwrap()
}

#[test]
fn an_honest_provider_is_live_and_its_archive_can_be_fetched_or_rebuilt() {
    let scene = Scene::new();
    let server = scene.serve();
    let client = [client(server.address())];
    let good = AtomicUsize::new(0);
    let done = audit(&scene.receipt, &client, 80, &|_, outcome| {
        good.fetch_add(usize::from(*outcome == RowOutcome::Good), Ordering::Relaxed);
    });
    let done = done.unwrap();
    assert_eq!((good.into_inner(), done.evidence.len()), (done.plan.as_ref().unwrap().positions.len(), 0));
    let verdict = scene.judge(done);
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal());
    let Some(Availability::Live { at: Some(7), rows, inverse_rate: 4, bits, .. }) = verdict.availability else {
        panic!("{:?}", verdict.availability)
    };
    assert!(rows == scene.rows && bits >= 80);

    let to = scene.dir.path().join("fetched");
    let fetched = fetch(&scene.receipt, &client, &to, Existing::Keep).unwrap();
    assert_eq!(fetched.rebuilt_from, None);
    assert_eq!(fs::read(&to).unwrap(), fs::read(scene.archive()).unwrap());

    // Contents gone, and three quarters of the rows: any K rebuild it. A fifth more than K hides the changed ones.
    fs::remove_dir_all(scene.dir.path().join("www/v1/blobs")).unwrap();
    let keep = scene.rows / 4 + scene.rows / 20;
    for index in 0..scene.rows {
        let place = (index * 7919) % scene.rows;
        if index >= keep {
            fs::remove_file(scene.row(place)).unwrap();
        } else if index % 50 == 0 {
            let mut row = fs::read(scene.row(place)).unwrap();
            row[0] ^= 1;
            fs::write(scene.row(place), row).unwrap();
        }
    }
    let fetched = fetch(&scene.receipt, &client, &to, Existing::Replace).unwrap();
    assert_eq!(fetched.rebuilt_from, Some(usize::try_from(scene.rows / 4).unwrap()));
    assert_eq!(fs::read(&to).unwrap(), fs::read(scene.archive()).unwrap());
    let verdict = scene.audited(&client);
    assert!(!verdict.is_accepted());

    // Below K nothing helps, and nothing is left.
    for index in 0..scene.rows {
        if index % 8 != 0 {
            let _ = fs::remove_file(scene.row(index));
        }
    }
    assert!(fetch(&scene.receipt, &client, &scene.dir.path().join("none"), Existing::Keep).is_err());
    assert!(!scene.dir.path().join("none").exists());
    server.stop().unwrap();
}

#[test]
fn missing_rows_and_changed_rows_have_their_own_codes_and_another_provider_helps() {
    let scene = Scene::new();
    let honest = Scene::new();
    assert_eq!(scene.da_hash, honest.da_hash);
    let (server, other) = (scene.serve(), honest.serve());
    for index in (0..scene.rows).step_by(2) {
        fs::remove_file(scene.row(index)).unwrap();
    }
    let verdict = scene.audited(&[client(server.address())]);
    assert_eq!(verdict.reason, Some(ReasonCode::AvailabilityFailed));
    assert_eq!(verdict.verifier_exit_status, 13);
    assert!(scene.audited(&[client(server.address()), client(other.address())]).is_accepted());

    for index in (1..scene.rows).step_by(2) {
        let mut row = fs::read(scene.row(index)).unwrap();
        *row.last_mut().unwrap() ^= 1;
        fs::write(scene.row(index), row).unwrap();
    }
    let verdict = scene.audited(&[client(server.address())]);
    assert_eq!((verdict.reason, verdict.verifier_exit_status), (Some(ReasonCode::MerkleProofInvalid), 12));
    // The second provider has every row; what the first gave is kept as evidence.
    let done = audit(&scene.receipt, &[client(server.address()), client(other.address())], 80, &|_, _| {}).unwrap();
    assert!(done.evidence.len() > 20 && done.evidence.iter().all(|found| found.index % 2 == 1));
    assert!(scene.judge(done).is_accepted());
}

/// Answers every connection in one way, until it is dropped.
struct Hostile {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
}

impl Hostile {
    fn new(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(loopback()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (ended, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (answer, stop, count) = (Arc::new(answer), Arc::clone(&ended), Arc::clone(&requests));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                thread::spawn(move || {
                    stream.set_nonblocking(false)?;
                    let mut request = [0; 4096];
                    let len = stream.read(&mut request)?;
                    count.fetch_add(1, Ordering::Relaxed);
                    let line = String::from_utf8_lossy(&request[..len]).lines().next().unwrap_or_default().to_owned();
                    answer(&line, &mut stream)
                });
            }
        });
        Self { address, ended, requests }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

fn respond(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(body)
}

#[test]
fn hostile_providers_end_in_bounded_time_with_the_right_code() {
    let scene = Scene::new();
    let secret = Hostile::new(|_, stream| respond(stream, "200 OK\r\nContent-Length: 3", b"abc"));
    let (private, row) = (secret.address, fs::read(scene.row(1)).unwrap());
    let (short, another) = (row[..row.len() - 1].to_vec(), row.clone());
    let unavailable = ReasonCode::AvailabilityFailed;
    let cases: Vec<(&str, ReasonCode, Hostile)> = vec![
        ("closes at once", unavailable, Hostile::new(|_, _| Ok(()))),
        ("not found", unavailable, Hostile::new(|_, s| respond(s, "404 Not Found\r\nContent-Length: 0", b""))),
        ("always busy", unavailable, Hostile::new(|_, s| respond(s, "503 Busy\r\nRetry-After: 0", b""))),
        ("no HTTP", unavailable, Hostile::new(|_, s| s.write_all(b"\x00\xffgarbage\r\n\r\n"))),
        ("gzip", unavailable, Hostile::new(|_, s| respond(s, "200 OK\r\nContent-Encoding: gzip", &[0x1f, 0x8b, 8, 0]))),
        (
            "redirects to a private address",
            unavailable,
            Hostile::new(move |_, s| respond(s, &format!("302 Found\r\nLocation: http://{private}/"), b"")),
        ),
        (
            "a body that breaks off",
            unavailable,
            Hostile::new(|_, s| respond(s, "200 OK\r\nContent-Length: 100000", b"too little")),
        ),
        (
            "an endless body",
            ReasonCode::ChunkLengthInvalid,
            Hostile::new(|_, s| {
                respond(s, "200 OK", b"")?;
                loop {
                    s.write_all(&[7; 65536])?;
                }
            }),
        ),
        ("a short row", ReasonCode::ChunkLengthInvalid, Hostile::new(move |_, s| respond(s, "200 OK", &short))),
        (
            "always the same row",
            ReasonCode::MerkleProofInvalid,
            Hostile::new(move |_, s| respond(s, "200 OK", &another)),
        ),
    ];
    for (name, code, hostile) in cases {
        let began = Instant::now();
        let verdict = scene.audited(&[client(hostile.address)]);
        assert_eq!(verdict.reason, Some(code), "{name}: {:?}", verdict.refusal());
        assert!(began.elapsed() < Duration::from_secs(30), "{name}: {:?}", began.elapsed());
    }
    assert_eq!(secret.requests.load(Ordering::Relaxed), 0, "a redirect was followed");
}

#[test]
fn a_provider_that_drips_or_says_nothing_costs_the_time_that_was_allowed() {
    let scene = Scene::new();
    let silent = Hostile::new(|_, _| {
        thread::sleep(Duration::from_secs(20));
        Ok(())
    });
    let drip = Hostile::new(|_, stream| {
        respond(stream, "200 OK", b"")?;
        loop {
            stream.write_all(&[1])?;
            thread::sleep(Duration::from_millis(50));
        }
    });
    for hostile in [silent, drip] {
        let bounds = Bounds { answer: Duration::from_secs(1), total: Duration::from_secs(3), ..BOUNDS };
        let client = Client::new(&format!("http://{}", hostile.address), bounds).unwrap();
        let began = Instant::now();
        assert_eq!(scene.audited(&[client]).reason, Some(ReasonCode::AvailabilityFailed));
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
}

/// One request over a plain socket: status line with headers, and body.
fn ask(address: SocketAddr, request: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{request}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

#[test]
fn the_interface_is_the_one_of_the_specification() {
    let scene = Scene::new();
    let server = scene.serve();
    let get = |path: &str, more: &str| ask(server.address(), &format!("GET {path} HTTP/1.1{more}"), b"");
    let blob = Digest::of_content(&fs::read(first_blob(&scene)).unwrap());
    let content = fs::read(scene.folder().blob(&blob)).unwrap();

    let (head, body) = get(&format!("/v1/blobs/{blob}"), "");
    assert!(head.starts_with("http/1.1 200") && body == content);
    for header in [
        &format!("etag: \"{blob}\""),
        "immutable",
        "access-control-allow-origin: *",
        "accept-ranges: bytes",
        "x-content-type-options: nosniff",
        &format!("content-length: {}", content.len()),
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    let (head, body) = get(&format!("/v1/blobs/{blob}"), "\r\nRange: bytes=1-3");
    assert!(head.starts_with("http/1.1 206") && body == content[1..4], "{head}");
    assert!(head.contains(&format!("content-range: bytes 1-3/{}", content.len())));
    assert!(get(&format!("/v1/blobs/{blob}"), "\r\nRange: bytes=99999999-").0.starts_with("http/1.1 416"));
    let (head, body) = get(&format!("/v1/blobs/{blob}"), &format!("\r\nIf-None-Match: \"{blob}\""));
    assert!(head.starts_with("http/1.1 304") && body.is_empty());
    let (head, body) = ask(server.address(), &format!("HEAD /v1/blobs/{blob} HTTP/1.1"), b"");
    assert!(head.starts_with("http/1.1 200") && body.is_empty() && head.contains("content-length"));

    for path in [
        "/v1/blobs/..%2f..%2frun.cap".to_owned(),
        "/v1/blobs/../../../run.cap".to_owned(),
        format!("/v1/blobs/{}", blob.to_string().to_uppercase()),
        format!("/v1/da/{}/rows/01", scene.da_hash),
        format!("/v1/da/{}/rows/{}", scene.da_hash, scene.rows),
        format!("/v1/da/{}/rows/-1", scene.da_hash),
        format!("/v1/da/{blob}/header"),
        "/".to_owned(),
    ] {
        let (head, body) = get(&path, "");
        assert!(head.starts_with("http/1.1 404") && head.contains("application/problem+json"), "{path}: {head}");
        assert!(head.contains("no-store") && body.len() < 8192);
    }
    assert!(ask(server.address(), &format!("DELETE /v1/blobs/{blob} HTTP/1.1"), b"").0.starts_with("http/1.1 405"));
    let (head, _) = ask(server.address(), &format!("OPTIONS /v1/da/{}/open HTTP/1.1", scene.da_hash), b"");
    assert!(head.starts_with("http/1.1 204") && head.contains("access-control-allow-methods: get, head, post"));
    assert_eq!(get("/healthz", "").1, b"ok\n");
    let metrics = String::from_utf8(get("/metrics", "").1).unwrap();
    assert!(metrics.contains("capseal_answers_total{class=\"4xx\"} 10"), "{metrics}");
    server.stop().unwrap();
}

fn first_blob(scene: &Scene) -> PathBuf {
    let blobs = fs::read_dir(scene.dir.path().join("www/v1/blobs")).unwrap();
    blobs.map(|entry| entry.unwrap().path()).max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

#[test]
fn several_rows_come_with_one_opening() {
    let scene = Scene::new();
    let server = scene.serve();
    let folder = scene.folder().archive(&scene.da_hash);
    let header = RowCheckHeader::from_bytes(&fs::read(folder.join("header")).unwrap()).unwrap();
    let sketch = Sketch::parse(&header, &fs::read(folder.join("z")).unwrap()).unwrap().encode();
    let open = |indices: &[u64]| {
        let items = indices.iter().map(|index| Value::Uint(*index)).collect();
        let body = Value::map(vec![("indices".to_owned(), Value::Array(items))]).encode();
        ask(server.address(), &format!("POST /v1/da/{}/open HTTP/1.1", scene.da_hash), &body)
    };
    let row_len = header.shape().row_len();
    for indices in [&[0][..], &[0, 1], &[3, 4, 5, 900], &[1, 2, 3, 4, 5, 6, 7, 8, 1000, scene.rows - 1]] {
        let (head, body) = open(indices);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let (rows, opening) = body.split_at(indices.len() * row_len);
        let digests: Vec<Digest> = opening.as_chunks().0.iter().map(|digest| Digest::new(*digest)).collect();
        assert_eq!(digests.len(), opening_len(ARITY, scene.rows, indices).unwrap());
        let rows: Vec<(u64, &[u8])> = indices.iter().copied().zip(rows.chunks(row_len)).collect();
        sketch.check_rows(&rows, &MultiOpening::new(digests)).unwrap();
    }
    for (indices, status) in [
        (vec![], "400"),
        (vec![2, 1], "400"),
        (vec![1, 1], "400"),
        (vec![scene.rows], "422"),
        ((0..1025).collect(), "413"),
    ] {
        let (head, _) = open(&indices);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{indices:?}: {head}");
    }
    let big = vec![0; 20_000];
    let (head, _) = ask(server.address(), &format!("POST /v1/da/{}/open HTTP/1.1", scene.da_hash), &big);
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

const ARITY: verifier_core::stc::Arity = verifier_core::row_check::RowCheckShape::ARITY;

#[test]
fn another_archive_is_not_exported() {
    let scene = Scene::new();
    let other = scene.dir.path().join("other");
    let mut bytes = fs::read(scene.archive()).unwrap();
    bytes[5] ^= 1;
    fs::write(&other, bytes).unwrap();
    let to = scene.dir.path().join("elsewhere");
    let bundle = Bundle::open(&scene.receipt, Some(&other)).unwrap();
    assert!(export(&bundle, Some(&other), &Folder::at(&to)).is_err());
    assert!(!folder_has_rows(&to));
    let none = Bundle::open(&scene.receipt, None).unwrap();
    assert!(export(&none, None, &Folder::at(&to)).is_err());
}

fn folder_has_rows(folder: &Path) -> bool {
    fs::read_dir(folder.join("v1/da")).is_ok_and(|mut entries| entries.next().is_some())
}

#[test]
fn urls_that_are_none_are_refused() {
    for url in ["", "ftp://x", "http://", "https:///x", "http://me:secret@host/", "http://host/?a", "/etc/passwd"] {
        assert!(Client::new(url, BOUNDS).is_err(), "{url}");
    }
}

#[test]
fn a_protected_bundle_is_audited_and_fetched_by_its_holder_alone() {
    let scene = Scene::new();
    let [owner, ann] = [SecretKey::generate(), SecretKey::generate()];
    let mut access = Access::new("provider.example", vec![owner.public()]);
    let bundle = Bundle::open(&scene.receipt, None).unwrap();
    access.protect(&bundle);
    let (file, log) = (scene.dir.path().join("access.toml"), scene.dir.path().join("decisions.jsonl"));
    fs::write(&file, access.text()).unwrap();
    let gate = Gate::open(&file, &log).unwrap();
    let server = Server::start_with(
        &loopback().into(),
        Settings { gate: Some(std::sync::Arc::new(gate)), ..Settings::of(scene.folder()) },
    )
    .unwrap();
    let stranger = client(server.address());
    assert_eq!(scene.audited(std::slice::from_ref(&stranger)).reason, Some(ReasonCode::AvailabilityFailed));

    let now = || u64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let resource = of_bundle(&bundle.capsule().capsule_hash);
    let terms = Terms {
        audience: Some("provider.example".to_owned()),
        ..Terms::new(ann.public(), &[Permission::Read], vec![resource], now() / 1000 + 600)
    };
    let token = issue(&owner, &terms).unwrap();
    // Rows with one opening: the proof covers the body.
    let path = format!("/v1/da/{}/open", scene.da_hash);
    let body = Value::map(vec![("indices".to_owned(), Value::Array(vec![Value::Uint(0)]))]).encode();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let open = |proven: &[u8]| {
        let asked = Asked { audience: "provider.example", method: "POST", path: &path, body: proven, time: now() };
        let proof = to_base64(&prove(&token, &ann, &asked).unwrap());
        let request = agent.post(format!("http://{}{path}", server.address()));
        let request = request.header("authorization", format!("CapSeal {}", token.to_text()));
        request.header("capseal-possession", proof).send(&body[..]).unwrap().status().as_u16()
    };
    assert_eq!((open(&body), open(b"another body")), (200, 401));

    assert!(Credentials::new(token.clone(), SecretKey::generate()).is_err());
    let holder = client(server.address()).entitled_by(Some(Credentials::new(token, ann).unwrap()));
    let verdict = scene.audited(std::slice::from_ref(&holder));
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal());
    let to = scene.dir.path().join("fetched");
    assert!(fetch(&scene.receipt, &[stranger], &to, Existing::Keep).is_err());
    assert_eq!(fetch(&scene.receipt, &[holder], &to, Existing::Keep).unwrap().rebuilt_from, None);
    assert_eq!(fs::read(&to).unwrap(), fs::read(scene.archive()).unwrap());
}
