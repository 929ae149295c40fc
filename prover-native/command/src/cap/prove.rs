//! `capseal cap prove`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use verifier_core::capability::to_base64;

use super::{
    super::{
        output::{Failure, read},
        registry::now,
        sealing::Secret,
    },
    explained, read_token,
};
use crate::streams::println;
use capseal_trust::capability::{self, AUTHORIZATION_SCHEME, Asked, POSSESSION_HEADER};

/// Print the two headers of a request: the token, and the proof that its holder makes the request.
///
/// The proof is valid for one minute and one request of this method, path and body. curl reads the headers from a file:
/// curl -H @headers.
#[derive(Args, Debug)]
pub(super) struct Prove {
    /// The token; - reads standard input.
    token: PathBuf,
    /// The key that the token's last link was issued to.
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The request's path, with its query, from /v1 on.
    #[arg(long, value_name = "PATH")]
    path: String,
    /// The request's method.
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// The file to send as the request's body.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The provider, by the name that its access file states; the token's audience by default.
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// Print one JSON object with the headers' names as keys.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    secret: Secret,
}

pub(super) fn prove(arguments: &Prove) -> Result<ExitCode, Failure> {
    let token = read_token(&arguments.token)?;
    let audience = token.links().last().and_then(|leaf| leaf.link.audience.clone());
    let audience = arguments.audience.clone().or(audience).ok_or_else(|| {
        Failure::explained_by("the token names no audience", "name the provider that is asked with --audience")
    })?;
    let body = arguments.body.as_ref().map_or_else(|| Ok(Vec::new()), |path| read(path))?;
    let key = arguments.secret.open(&arguments.key)?;
    let asked = Asked {
        audience: &audience,
        method: &arguments.method.to_ascii_uppercase(),
        path: &arguments.path,
        body: &body,
        time: now(),
    };
    let proof = to_base64(&capability::prove(&token, &key, &asked).map_err(explained)?);
    let token = format!("{AUTHORIZATION_SCHEME} {}", token.to_text());
    if arguments.json {
        println!("{}", serde_json::json!({ "Authorization": token, POSSESSION_HEADER: proof }));
    } else {
        println!("Authorization: {token}\n{POSSESSION_HEADER}: {proof}");
    }
    Ok(ExitCode::SUCCESS)
}
