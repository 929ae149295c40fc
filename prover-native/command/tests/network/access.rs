//! A provider that lets nobody at a bundle but those who have a token. Everything is on loopback, and ends by itself.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::SystemTime,
};

use capseal_host::{
    clock,
    whole_file::{self, Existing},
};
use capseal_logs::{examine, refuse_proofs};
use capseal_network::{
    http::{Bounds, Client},
    provider::{Access, Folder, Gate, GateError, ListFile, Protected, of_bundle},
    serve::{Server, Settings},
};
use capseal_trust::{
    capability::{Asked, CapabilityError, Terms, delegate, issue, prove, revoke},
    keys::{KeyStore, Passphrase, SecretKey},
};
use serde_json::Value;
use verifier_core::{
    Digest,
    capability::{Permission, Revocation, RevocationId, RevocationList, Token, to_base64},
    pcap::{Options, obligation::Level},
};

const AUDIENCE: &str = "provider.example";

struct Scene {
    dir: tempfile::TempDir,
    owner: SecretKey,
    ann: SecretKey,
    bob: SecretKey,
    content: Digest,
    open: Digest,
    capsule_hash: Digest,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let put = |content: &[u8]| {
            let digest = Digest::of_content(content);
            let place = Folder::at(dir.path()).blob(&digest);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
            digest
        };
        let (content, open) = (put(b"for some"), put(b"for all"));
        let [owner, ann, bob] = [SecretKey::generate(), SecretKey::generate(), SecretKey::generate()];
        Self { owner, ann, bob, content, open, capsule_hash: Digest::of_content(b"a capsule"), dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the access file and opens the gate.
    fn gate(&self, change: impl FnOnce(&mut Access)) -> Gate {
        self.write_access(change);
        Gate::open(&self.path("access.toml"), &self.path("decisions.jsonl")).unwrap()
    }

    /// A gate that waits for an access file.
    fn watching(&self) -> Result<Gate, GateError> {
        Gate::watch(&self.path("access.toml"), &self.path("decisions.jsonl"))
    }

    /// Writes the access file as an export does: in one step.
    fn write_access(&self, change: impl FnOnce(&mut Access)) {
        let mut access = Access::new(AUDIENCE, vec![self.owner.public()]);
        let (capsule_hash, blobs) = (self.capsule_hash, vec![self.content]);
        access.bundles.push(Protected { capsule_hash, blobs, archives: Vec::new() });
        change(&mut access);
        whole_file::write(&self.path("access.toml"), Existing::Replace, access.text().as_bytes()).unwrap();
    }

    fn serve(&self, gate: Gate) -> Server {
        let folder = Folder::at(self.dir.path());
        let settings = Settings { gate: Some(Arc::new(gate)), ..Settings::of(folder) };
        Server::start_with(&SocketAddr::from(([127, 0, 0, 1], 0)).into(), settings).unwrap()
    }

    /// A token of Ann's for all of the bundle, and Bob's, which is made of it.
    fn tokens(&self) -> (Token, Token) {
        let terms = Terms {
            audience: Some(AUDIENCE.to_owned()),
            depth: Some(1),
            ..Terms::new(
                self.ann.public(),
                &[Permission::Read],
                vec![of_bundle(&self.capsule_hash)],
                now() / 1000 + 3600,
            )
        };
        let token = issue(&self.owner, &terms).unwrap();
        let narrower = delegate(&token, &self.ann, &Terms::to(self.bob.public())).unwrap();
        (token, narrower)
    }

    fn target(&self) -> String {
        format!("/v1/blobs/{}", self.content)
    }

    fn decisions(&self) -> Vec<Value> {
        let path = self.path("decisions.jsonl");
        let report = examine(&path, Options::default(), &mut refuse_proofs).unwrap();
        assert!(report.accepted, "{report:?}");
        let log = fs::read_to_string(path).unwrap();
        log.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn now() -> u64 {
    clock::millis(SystemTime::now())
}

fn headers(token: &Token, key: &SecretKey, method: &str, path: &str) -> Vec<(&'static str, String)> {
    let asked = Asked { audience: AUDIENCE, method, path, body: b"", time: now() };
    let proof = to_base64(&prove(token, key, &asked).unwrap());
    vec![("authorization", format!("CapSeal {}", token.to_text())), ("capseal-possession", proof)]
}

/// Status, `Cache-Control`, body.
fn get(server: &Server, path: &str, headers: &[(&'static str, String)]) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(format!("http://{}{path}", server.address()));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut response = request.call().unwrap();
    let kept = response.headers().get("cache-control").map_or("", |value| value.to_str().unwrap()).to_owned();
    (response.status().as_u16(), kept, response.body_mut().read_to_string().unwrap())
}

fn rule(answer: &(u16, String, String)) -> (u16, String, Option<u64>) {
    let problem: Value = serde_json::from_str(&answer.2).unwrap();
    assert_eq!(problem["status"], answer.0);
    assert_eq!(answer.1, "no-store");
    (answer.0, problem["rule"].as_str().unwrap().to_owned(), problem["link"].as_u64())
}

#[test]
fn what_is_protected_is_for_the_holder_alone_and_every_decision_is_logged() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let (anns, bobs) = scene.tokens();
    let path = scene.target();
    let everybody = get(&server, &format!("/v1/blobs/{}", scene.open), &[]);
    assert_eq!((everybody.0, everybody.2.as_str()), (200, "for all"));
    assert!(everybody.1.starts_with("public"));
    let good = headers(&bobs, &scene.bob, "GET", &path);
    let had = get(&server, &path, &good);
    assert_eq!((had.0, had.2.as_str()), (200, "for some"));
    assert!(had.1.starts_with("private"), "{}", had.1);
    let refused = |headers: &[(&'static str, String)]| rule(&get(&server, &path, headers));
    assert_eq!(refused(&good), (401, "possession_replayed".into(), None));
    assert_eq!(refused(&[]), (401, "missing".into(), None));
    assert_eq!(refused(&good[..1]), (401, "possession_missing".into(), None));
    assert_eq!(refused(&good[1..]), (401, "missing".into(), None));
    let mut twice = headers(&bobs, &scene.bob, "GET", &path);
    twice.push(twice[0].clone());
    assert_eq!(refused(&twice), (401, "missing".into(), None), "two tokens are none");
    let mixed = [good[0].clone(), headers(&anns, &scene.ann, "GET", &path)[1].clone()];
    assert_eq!(refused(&mixed), (401, "possession_invalid".into(), None), "the proof of who passed it on");
    assert_eq!(refused(&headers(&bobs, &scene.bob, "HEAD", &path)), (401, "possession_mismatch".into(), None));
    assert_eq!(refused(&headers(&bobs, &scene.bob, "GET", "/v1/blobs/x")), (401, "possession_mismatch".into(), None));
    let stranger = SecretKey::generate();
    let terms =
        Terms::new(stranger.public(), &[Permission::Read], vec![of_bundle(&scene.capsule_hash)], now() / 1000 + 9);
    let own = issue(&stranger, &terms).unwrap();
    assert_eq!(refused(&headers(&own, &stranger, "GET", &path)), (401, "root_untrusted".into(), Some(0)));
    let issued = |change: fn(&mut Terms)| {
        let mut terms = Terms { subject: scene.bob.public(), ..terms.clone() };
        change(&mut terms);
        headers(&issue(&scene.owner, &terms).unwrap(), &scene.bob, "GET", &path)
    };
    assert_eq!(refused(&issued(|terms| terms.max_bytes = Some(7))), (403, "limit_exceeded".into(), Some(0)));
    let others = |terms: &mut Terms| terms.resources = vec![of_bundle(&Digest::default())];
    assert_eq!(refused(&issued(others)), (403, "resource_denied".into(), Some(0)));
    assert_eq!(refused(&issued(|terms| terms.min_level = Some(Level::S2))), (403, "level_too_low".into(), Some(0)));
    let verify =
        |terms: &mut Terms| terms.permissions = verifier_core::capability::Permissions::of(&[Permission::Verify]);
    assert_eq!(refused(&issued(verify)), (403, "permission_denied".into(), Some(0)));
    assert_eq!(refused(&issued(|terms| terms.expires = Some(1))), (401, "expired".into(), Some(0)));
    assert_eq!(
        refused(&issued(|terms| terms.audience = Some("other".into()))),
        (401, "audience_wrong".into(), Some(0))
    );
    assert_eq!(get(&server, &path, &issued(|terms| terms.min_level = Some(Level::S1))).0, 200);
    server.stop().unwrap();

    let decisions = scene.decisions();
    assert_eq!(decisions.len(), 17, "each request for what is protected, and no other");
    let allowed: Vec<_> = decisions.iter().filter(|entry| entry["decision"] == "allowed").collect();
    assert_eq!(allowed.len(), 2);
    assert_eq!(allowed[0]["actor"], scene.bob.public().to_string());
    assert_eq!(allowed[0]["capability_id"], bobs.links()[1].link.id.to_string());
    assert_eq!(allowed[0]["token"], bobs.digest().to_string());
    assert_eq!((&allowed[0]["level"], &allowed[1]["level"]), (&"S0".into(), &"S1".into()));
    let denied = &decisions[1];
    assert_eq!((&denied["rule"], &denied["actor"]), (&"possession_replayed".into(), &"unknown".into()));
    let resource = format!("bundle/{}/blobs/{}", scene.capsule_hash, scene.content);
    assert!(decisions.iter().all(|entry| entry["action"] == "access" && entry["resource"] == resource));
}

#[test]
fn there_is_no_way_around_the_gate() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let hex = scene.content.to_string();
    let escaped = format!("%{:02x}{}", hex.as_bytes()[0], &hex[1..]);
    for path in [
        format!("/v1/blobs/{escaped}"),
        format!("/v1/%62lobs/{hex}"),
        format!("/v1/blobs/{}", hex.to_uppercase()),
        format!("//v1/blobs/{hex}"),
        format!("/v1//blobs/{hex}"),
        format!("/v1/blobs/{hex}/"),
        format!("/v1/blobs/./{hex}"),
        format!("/v1/blobs/x/../{hex}"),
        format!("/v1/blobs/{hex}?a=b"),
        format!("/v1/blobs/{hex}?"),
    ] {
        let answer = get(&server, &path, &[]);
        assert!(matches!(answer.0, 401 | 404) && !answer.2.contains("for some"), "{path}: {answer:?}");
    }
    // A path with a query is another path for a proof.
    let (_, bobs) = scene.tokens();
    let path = format!("{}?a=b", scene.target());
    assert_eq!(get(&server, &path, &headers(&bobs, &scene.bob, "GET", &scene.target())).0, 401);
    assert_eq!(get(&server, &path, &headers(&bobs, &scene.bob, "GET", &path)).0, 200);
}

#[test]
fn a_proof_lets_in_once_however_many_show_it_at_once() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let (_, bobs) = scene.tokens();
    let (path, allowed) = (scene.target(), AtomicUsize::new(0));
    let good = headers(&bobs, &scene.bob, "GET", &path);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| allowed.fetch_add(usize::from(get(&server, &path, &good).0 == 200), Ordering::Relaxed));
        }
    });
    assert_eq!(allowed.into_inner(), 1);
    assert_eq!(scene.decisions().len(), 16);
    // What was shown to this provider is not good for the one that is started after it.
    let early = headers(&bobs, &scene.bob, "GET", &path);
    server.stop().unwrap();
    thread::sleep(std::time::Duration::from_millis(2));
    let server = scene.serve(scene.gate(|_| {}));
    assert_eq!(rule(&get(&server, &path, &early)).1, "possession_stale");
}

#[test]
fn revocations_are_taken_up_while_it_runs_and_never_rolled_back() {
    let scene = Scene::new();
    let file = scene.path("owner.revoked");
    let write = |bytes: &[u8]| fs::write(&file, to_base64(bytes)).unwrap();
    let signed = |before: Option<&[u8]>, ids: &[RevocationId], until: u64| {
        let before = before.map(|bytes| RevocationList::read(bytes).unwrap());
        let entries = ids.iter().map(|id| Revocation { id: *id, revoked_at: now(), reason: "lost".into() }).collect();
        revoke(&scene.owner, before.as_ref(), entries, now(), until).unwrap()
    };
    let first = signed(None, &[], now() + 60_000);
    write(&first);
    let gate = || {
        scene.gate(|access| {
            access.revocations = vec![PathBuf::from("owner.revoked").into()];
            access.stale_reads = false;
        })
    };
    let server = scene.serve(gate());
    let (_, bobs) = scene.tokens();
    let path = scene.target();
    let ask = |server: &Server| get(server, &path, &headers(&bobs, &scene.bob, "GET", &path));
    assert_eq!(ask(&server).0, 200);
    let second = signed(Some(&first), &[RevocationId::Capability(bobs.links()[0].link.id)], now() + 60_000);
    write(&second);
    assert_eq!(rule(&ask(&server)), (401, "revoked".into(), Some(0)), "with its ancestor");
    thread::sleep(std::time::Duration::from_millis(10));
    write(&first);
    assert_eq!(rule(&ask(&server)).1, "revocation_rollback");
    server.stop().unwrap();
    let server = scene.serve(gate());
    assert_eq!(rule(&ask(&server)).1, "revocation_rollback", "after a restart too");
    thread::sleep(std::time::Duration::from_millis(10));
    write(&signed(Some(&second), &[], now()));
    assert_eq!(rule(&ask(&server)).1, "revoked", "what was revoked stays in the list");
    fs::remove_file(&file).unwrap();
    assert_eq!(rule(&ask(&server)).1, "revocation_invalid", "a list that is gone lets nobody in");
}

/// Writes a list into a file, in one step.
fn write_list(file: &Path, list: &[u8]) {
    whole_file::write(file, Existing::Replace, to_base64(list).as_bytes()).unwrap();
}

/// The lists of an issuer, one after the other: the last one revokes.
fn lists_of(issuer: &SecretKey, revoked: RevocationId) -> [Vec<u8>; 2] {
    let until = now() + 600_000;
    let first = revoke(issuer, None, Vec::new(), now(), until).unwrap();
    let entries = vec![Revocation { id: revoked, revoked_at: now(), reason: "lost".into() }];
    let second = revoke(issuer, Some(&RevocationList::read(&first).unwrap()), entries, now(), until).unwrap();
    [first, second]
}

#[test]
fn nobody_but_the_issuer_of_a_list_replaces_it() {
    let scene = Scene::new();
    let (anns, _) = scene.tokens();
    let path = scene.target();
    let [first, second] = lists_of(&scene.owner, RevocationId::Capability(anns.links()[0].link.id));
    let file = scene.path("owner.revoked");
    let other_root = SecretKey::generate();
    for stale_reads in [false, true] {
        for name in ["decisions.jsonl", "decisions.jsonl.seen", "decisions.jsonl.lock"] {
            let _ = fs::remove_file(scene.path(name));
        }
        let gate = || {
            scene.gate(|access| {
                access.roots.push(other_root.public());
                access.revocations = vec![PathBuf::from("owner.revoked").into()];
                access.stale_reads = stale_reads;
            })
        };
        write_list(&file, &first);
        let server = scene.serve(gate());
        let ask = |server: &Server| get(server, &path, &headers(&anns, &scene.ann, "GET", &path));
        assert_eq!(ask(&server).0, 200);
        write_list(&file, &second);
        assert_eq!(rule(&ask(&server)).1, "revoked");
        // A stranger's list, another root's, and the owner's of before: none takes the revocation back, and none is forgotten by it.
        for list in [
            lists_of(&SecretKey::generate(), RevocationId::Capability(anns.links()[0].link.id))[0].clone(),
            lists_of(&other_root, RevocationId::Capability(anns.links()[0].link.id))[0].clone(),
            b"nonsense".to_vec(),
        ] {
            write_list(&file, &list);
            assert_eq!(rule(&ask(&server)).1, "revocation_invalid");
            write_list(&file, &first);
            assert_eq!(rule(&ask(&server)).1, "revocation_rollback");
        }
        server.stop().unwrap();
        let server = scene.serve(gate());
        assert_eq!(rule(&ask(&server)).1, "revocation_rollback", "after a restart too");
        write_list(&file, &second);
        assert_eq!(rule(&ask(&server)).1, "revoked");
        server.stop().unwrap();
    }
}

#[test]
fn a_list_of_who_passed_a_token_on_has_to_be_named() {
    let scene = Scene::new();
    let (_, bobs) = scene.tokens();
    let path = scene.target();
    write_list(&scene.path("ann.revoked"), &lists_of(&scene.ann, RevocationId::Capability(bobs.links()[1].link.id))[1]);
    let named =
        |issuer| scene.gate(|access| access.revocations = vec![ListFile { file: "ann.revoked".into(), issuer }]);
    let ask = |server: &Server| rule(&get(server, &path, &headers(&bobs, &scene.bob, "GET", &path))).1;
    for (issuer, expected) in [
        (None, "revocation_invalid"),
        (Some(scene.ann.public()), "revoked"),
        (Some(scene.bob.public()), "revocation_invalid"),
    ] {
        let server = scene.serve(named(issuer));
        assert_eq!(ask(&server), expected);
        server.stop().unwrap();
    }
}

#[test]
fn a_memory_of_lists_that_cannot_be_read_lets_nobody_in() {
    let scene = Scene::new();
    let (anns, _) = scene.tokens();
    let path = scene.target();
    write_list(
        &scene.path("owner.revoked"),
        &lists_of(&scene.owner, RevocationId::Capability(anns.links()[0].link.id))[0],
    );
    let gate = || scene.gate(|access| access.revocations = vec![PathBuf::from("owner.revoked").into()]);
    let ask = |server: &Server, path: &str| get(server, path, &headers(&anns, &scene.ann, "GET", path));
    let server = scene.serve(gate());
    assert_eq!(ask(&server, &path).0, 200);
    server.stop().unwrap();
    let memory = scene.path("decisions.jsonl.seen");
    let kept = fs::read(&memory).unwrap();
    for damage in [Some(&b""[..]), Some(&kept[..kept.len() / 2]), Some(b"{}"), Some(b"nonsense"), None] {
        match damage {
            Some(bytes) => fs::write(&memory, bytes).unwrap(),
            None => fs::remove_file(&memory).unwrap(),
        }
        let server = scene.serve(gate());
        assert_eq!(rule(&ask(&server, &path)).1, "revocation_invalid", "{damage:?}");
        assert_eq!(get(&server, &format!("/v1/blobs/{}", scene.open), &[]).0, 200, "what is for all is");
        server.stop().unwrap();
    }
    fs::write(&memory, kept).unwrap();
    let server = scene.serve(gate());
    assert_eq!(ask(&server, &path).0, 200);
}

#[test]
fn an_access_file_that_comes_while_the_provider_runs_protects_from_then_on() {
    let scene = Scene::new();
    let server = scene.serve(scene.watching().unwrap());
    let (anns, _) = scene.tokens();
    let path = scene.target();
    let ask = |server: &Server| get(server, &path, &headers(&anns, &scene.ann, "GET", &path));
    assert_eq!(get(&server, &path, &[]).0, 200, "it is for everybody still");
    scene.write_access(|_| {});
    assert_eq!(rule(&get(&server, &path, &[])).1, "missing");
    assert_eq!(ask(&server).0, 200);
    // A second bundle is added, and another owner.
    let more =
        Protected { capsule_hash: Digest::of_content(b"another"), blobs: vec![scene.open], archives: Vec::new() };
    scene.write_access(|access| access.bundles.push(more.clone()));
    assert_eq!(get(&server, &format!("/v1/blobs/{}", scene.open), &[]).0, 401);
    scene.write_access(|access| {
        access.bundles.push(more);
        access.roots = vec![SecretKey::generate().public()];
    });
    assert_eq!(rule(&ask(&server)).1, "root_untrusted");
    // A broken file, and none, shut what the last one protected, with a token too.
    for damage in [Some("schema = \"capseal/access/v9\"\n"), Some(""), None] {
        scene.write_access(|_| {});
        assert_eq!(ask(&server).0, 200, "{damage:?}");
        match damage {
            Some(text) => {
                whole_file::write(&scene.path("access.toml"), Existing::Replace, text.as_bytes()).unwrap();
            }
            None => fs::remove_file(scene.path("access.toml")).unwrap(),
        }
        assert_eq!(ask(&server).0, 503, "{damage:?}");
        assert_eq!(get(&server, &path, &[]).0, 503, "{damage:?}");
        assert_eq!(get(&server, &format!("/v1/blobs/{}", scene.open), &[]).0, 200, "what was for all is");
    }
    server.stop().unwrap();
    // It is gone, and the log shows that it was there.
    let error = scene.watching().unwrap_err();
    assert!(matches!(error, GateError::Gone { .. }), "{error}");
}

#[test]
fn a_content_that_is_exported_meanwhile_is_never_there_for_everybody() {
    let scene = Scene::new();
    let server = scene.serve(scene.watching().unwrap());
    let place = Folder::at(scene.dir.path()).blob(&scene.content);
    let path = scene.target();
    for _ in 0..20 {
        fs::remove_file(&place).unwrap();
        thread::scope(|scope| {
            let asked = scope.spawn(|| (0..20).map(|_| get(&server, &path, &[])).collect::<Vec<_>>());
            scene.write_access(|_| {});
            fs::write(&place, b"for some").unwrap();
            assert!(asked.join().unwrap().iter().all(|answer| answer.0 != 200), "it was there for everybody");
        });
    }
}

#[test]
fn a_request_that_is_not_allowed_uses_up_no_nonce_and_names_its_holder() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let path = scene.target();
    let elsewhere = of_bundle(&Digest::default());
    let terms = Terms::new(scene.bob.public(), &[Permission::Read], vec![elsewhere], now() / 1000 + 3600);
    let token = issue(&scene.owner, &terms).unwrap();
    let shown = headers(&token, &scene.bob, "GET", &path);
    for _ in 0..3 {
        assert_eq!(rule(&get(&server, &path, &shown)).1, "resource_denied", "it is no replay");
    }
    server.stop().unwrap();
    let decisions = scene.decisions();
    assert!(decisions.iter().all(|entry| entry["actor"] == scene.bob.public().to_string()), "{decisions:?}");
}

#[test]
fn strangers_make_the_log_grow_by_no_more_than_its_bound() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let (anns, _) = scene.tokens();
    let path = scene.target();
    (0..200).for_each(|_| assert_eq!(get(&server, &path, &[]).0, 401));
    assert_eq!(get(&server, &path, &headers(&anns, &scene.ann, "GET", &path)).0, 200);
    (0..50).for_each(|_| assert_eq!(get(&server, &path, &[]).0, 401));
    server.stop().unwrap();
    let decisions = scene.decisions();
    let singly = decisions.iter().filter(|entry| entry["rule"] == "missing").count() as u64;
    let together: u64 = decisions.iter().filter_map(|entry| entry["rules"]["missing"].as_u64()).sum();
    assert_eq!(singly + together, 250, "each is counted");
    assert!(singly < 200 && decisions.len() < 210, "{}", decisions.len());
    assert!(decisions.iter().any(|entry| entry["decision"] == "allowed"));
}

#[test]
fn a_log_of_decisions_that_is_taken_away_stops_what_it_is_for() {
    let take: [fn(&Path); 4] = [
        |log| fs::remove_file(log).unwrap(),
        |log| fs::rename(log, log.with_extension("moved")).unwrap(),
        |log| {
            fs::copy(log, log.with_extension("copy")).unwrap();
            fs::rename(log.with_extension("copy"), log).unwrap();
        },
        |log| fs::File::options().write(true).open(log).unwrap().set_len(200).unwrap(),
    ];
    for take in take {
        let scene = Scene::new();
        let server = scene.serve(scene.gate(|_| {}));
        let (anns, _) = scene.tokens();
        let path = scene.target();
        let ask = || get(&server, &path, &headers(&anns, &scene.ann, "GET", &path)).0;
        assert_eq!((ask(), ask()), (200, 200));
        take(&scene.path("decisions.jsonl"));
        assert_eq!(ask(), 500);
        assert_eq!(get(&server, "/readyz", &[]).0, 503);
        assert_eq!(get(&server, &format!("/v1/blobs/{}", scene.open), &[]).0, 200);
    }
}

#[test]
fn a_client_says_which_rule_is_not_kept() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let client = Client::new(&format!("http://{}", server.address()), Bounds::DEFAULT).unwrap();
    let error = client.blob(&scene.content, 1 << 20, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("401") && error.contains("(missing;"), "{error}");
}

#[test]
fn what_cannot_be_logged_is_not_served() {
    let scene = Scene::new();
    let server = scene.serve(scene.gate(|_| {}));
    let (_, bobs) = scene.tokens();
    let path = scene.target();
    assert_eq!(get(&server, &path, &headers(&bobs, &scene.bob, "GET", &path)).0, 200);
    let log = scene.path("decisions.jsonl");
    let mut changed = fs::read(&log).unwrap();
    let place = changed.len() - 20;
    changed[place] ^= 1;
    changed.extend_from_slice(b"{}\n");
    fs::write(&log, changed).unwrap();
    let answer = get(&server, &path, &headers(&bobs, &scene.bob, "GET", &path));
    assert_eq!(answer.0, 500, "{answer:?}");
}

#[test]
fn links_only_narrow_and_only_their_holder_uses_them() {
    let scene = Scene::new();
    let (anns, bobs) = scene.tokens();
    let wider = Terms { expires: Some(now() / 1000 + 7200), ..Terms::to(scene.bob.public()) };
    let error = delegate(&anns, &scene.ann, &wider).unwrap_err();
    assert!(error.to_string().contains("E609_CAPABILITY_EXPIRY_EXTENDED"), "{error}");
    assert!(matches!(delegate(&anns, &scene.bob, &wider), Err(CapabilityError::NotHolder)));
    assert!(matches!(delegate(&bobs, &scene.bob, &Terms::to(scene.ann.public())), Err(CapabilityError::NoDepth)));
    let asked = Asked { audience: AUDIENCE, method: "GET", path: "/", body: b"", time: 0 };
    assert!(matches!(prove(&bobs, &scene.ann, &asked), Err(CapabilityError::NotHolder)));
    assert!(matches!(issue(&scene.owner, &Terms::to(scene.ann.public())), Err(CapabilityError::Incomplete("expiry"))));
}

/// The command, with keys in a folder.
struct Shell(tempfile::TempDir);

impl Shell {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("passphrase"), "correct horse\n").unwrap();
        let store = KeyStore::at(dir.path().join("keys"));
        for name in ["owner", "ann", "bob"] {
            store.add(name, &SecretKey::generate(), &Passphrase::new("correct horse".to_owned())).unwrap();
        }
        Self(dir)
    }

    /// Status, standard output, standard error.
    fn run(&self, line: &str) -> (i32, String, String) {
        let command = Command::new(env!("CARGO_BIN_EXE_capseal"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env("CAPSEAL_KEYS", self.0.path().join("keys"))
            .env("CAPSEAL_PASSPHRASE_FILE", self.0.path().join("passphrase"))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (command.status.code().unwrap(), text(command.stdout), text(command.stderr))
    }

    fn has(&self, name: &str) -> bool {
        Path::new(self.0.path()).join(name).exists()
    }
}

#[test]
fn the_command_issues_passes_on_checks_revokes_and_proves() {
    let shell = Shell::new();
    let issued = "cap issue --key owner --to ann --permit read,verify --resource bundle/a/* --audience here --for 1day --depth 1";
    assert_eq!(shell.run(&format!("{issued} --out ann.token")).0, 0);
    let again = shell.run(&format!("{issued} --out ann.token"));
    assert!(again.0 == 1 && again.2.contains("ann.token"), "{again:?}");
    assert_eq!(shell.run("cap delegate ann.token --key ann --to bob --permit read --out bob.token").0, 0);
    let wider = shell.run("cap delegate ann.token --key ann --to bob --permit create --out eve.token");
    assert!(wider.0 == 1 && wider.2.contains("permissions_widened") && wider.2.contains("cap show"), "{wider:?}");
    assert!(!shell.has("eve.token"));

    let shown = shell.run("cap show bob.token --json");
    let links: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&shown.1).unwrap();
    let fields = ["capability_id", "subject", "permissions", "resource", "expires", "signature"];
    assert!(
        links.len() == 2
            && links.iter().all(|link| link.len() == 6 && fields.iter().all(|key| link.contains_key(*key)))
    );

    assert_eq!(shell.run("cap verify bob.token").0, 11, "nobody is trusted by default");
    assert_eq!(shell.run("cap verify bob.token --root owner").0, 0);
    let ask = "cap verify bob.token --root owner --audience here --resource bundle/a/x --json --permission";
    let decision = |line: &str| -> (i32, Value) {
        let (status, out, _) = shell.run(line);
        (status, serde_json::from_str(&out).unwrap())
    };
    let (status, allowed) = decision(&format!("{ask} read"));
    assert_eq!((status, &allowed["outcome"]), (0, &"allowed".into()));
    let (status, denied) = decision(&format!("{ask} verify"));
    assert_eq!((status, &denied["rule"], &denied["link"]), (11, &"permission_denied".into(), &1.into()));

    assert_eq!(shell.run("cap revoke bob.token --key ann --list ann.revoked --reason lost").0, 0);
    let other = shell.run("cap revoke bob.token --key owner --list ann.revoked");
    assert!(other.0 == 1 && other.2.contains("another issuer"), "{other:?}");
    let debug = shell.run("cap debug bob.token --root owner --stale-reads --revocations ann.revoked");
    assert!(
        debug.0 == 11 && debug.1.contains("✗ E617 revoked") && debug.1.contains("this link breaks the rule"),
        "{debug:?}"
    );
    assert_eq!(shell.run("cap revoke --key ann --list ann.revoked").0, 0, "signed anew");
    let rolled = shell.run("cap verify ann.token --root owner --stale-reads --revocations ann.revoked --min-seq 3");
    assert_eq!(rolled.0, 0, "the list is of nobody who issued this token");
    let rolled = shell.run("cap debug bob.token --root owner --stale-reads --revocations ann.revoked --min-seq 3");
    assert!(rolled.0 == 11 && rolled.1.contains("E620_REVOCATION_ROLLBACK"), "{rolled:?}");

    let proved = shell.run("cap prove bob.token --key bob --path /v1/blobs/x");
    assert!(
        proved.1.starts_with("Authorization: CapSeal ") && proved.1.contains("\nCapSeal-Possession: "),
        "{proved:?}"
    );
    assert_eq!(shell.run("cap prove bob.token --key ann --path /v1/blobs/x").0, 1);
    fs::write(shell.0.path().join("junk"), "junk\n").unwrap();
    assert_eq!(shell.run("cap verify junk --root owner").0, 20);
    let junk = shell.run("cap show junk");
    assert!(junk.0 == 1 && junk.2.contains("junk") && junk.2.contains("cap issue prints it"), "{junk:?}");
}

#[test]
fn a_trust_file_that_cannot_be_used_is_no_success() {
    let shell = Shell::new();
    let verify = |more: &str| shell.run(&format!("registry verify t {more}"));
    assert_eq!(shell.run("registry init t").0, 0);
    assert_eq!(shell.run("registry add t owner --purpose relay,attestation --from 2026-01-01T00:00:00Z --until 2026-03-01T00:00:00Z").0, 0);
    let unpinned = verify("--at 2026-01-02T00:00:00Z");
    assert!(unpinned.0 == 11 && unpinned.1.contains("nothing is pinned"), "{unpinned:?}");
    assert_eq!(shell.run("registry pin t").0, 0);
    assert_eq!(verify("--at 2026-01-02T00:00:00Z").0, 0);
    let soon = verify("--at 2026-02-20T00:00:00Z");
    assert!(soon.0 == 0 && soon.1.contains("ends in 9 days"), "{soon:?}");
    assert!(!verify("--at 2026-02-20T00:00:00Z --warn-days 3").1.contains("ends in"));
    let ended = verify("--at 2026-03-11T00:00:00Z");
    assert!(ended.0 == 11 && ended.1.contains("ended 10 days ago"), "{ended:?}");
    let backwards = shell.run("registry add t ann --from 2026-02-01T00:00:00Z --until 2026-01-01T00:00:00Z");
    assert!(backwards.0 == 1 && backwards.2.contains("before it begins"), "{backwards:?}");
    let file = fs::read_to_string(shell.0.path().join("t")).unwrap();
    fs::write(shell.0.path().join("t"), file.replace("2026-03-01", "2025-03-01")).unwrap();
    assert_eq!(shell.run("registry pin t").0, 1, "what is never valid is not pinned");
    assert_eq!(shell.run("registry revoke t owner").0, 0);
    assert_eq!(verify("").0, 11, "another root than the pin");
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let shell = Shell::new();
    for line in ["registry init t", "registry add t owner", "registry add t ann", "registry pin t"] {
        assert_eq!(shell.run(line).0, 0);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_capseal"))
        .args(["registry", "verify", "t"])
        .current_dir(shell.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(output.status.code(), Some(101));
}

#[test]
fn a_file_of_any_name_is_listed_so_that_it_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.toml");
    for name in ["own\u{200b}er.revoked", "tab\there", "\u{1b}[2J", "\u{7f}", "quote\"s\\", "é 🦀", "new\nline"] {
        let mut access = Access::new(AUDIENCE, vec![SecretKey::generate().public()]);
        access.revocations = vec![PathBuf::from(name).into()];
        fs::write(&path, access.text()).unwrap();
        assert_eq!(Access::read(&path), Ok(access), "{name:?}");
    }
}
