CREATE TABLE IF NOT EXISTS capseal_store (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    relay bytea NOT NULL CHECK (octet_length(relay) = 32)
);
CREATE TABLE IF NOT EXISTS capseal_lines (
    number bigint PRIMARY KEY CHECK (number >= 0),
    line text NOT NULL CHECK (octet_length(line) BETWEEN 1 AND 1048576)
);
CREATE TABLE IF NOT EXISTS capseal_commits (
    header_commit_hash bytea PRIMARY KEY CHECK (octet_length(header_commit_hash) = 32),
    da_hash bytea NOT NULL CHECK (octet_length(da_hash) = 32),
    number bigint NOT NULL UNIQUE REFERENCES capseal_lines,
    receipt bytea NOT NULL CHECK (octet_length(receipt) BETWEEN 1 AND 1024),
    challenge bytea NOT NULL CHECK (octet_length(challenge) BETWEEN 1 AND 1024)
);
CREATE TABLE IF NOT EXISTS capseal_attestations (
    number bigint PRIMARY KEY REFERENCES capseal_lines,
    header_commit_hash bytea NOT NULL REFERENCES capseal_commits,
    key_id bytea NOT NULL CHECK (octet_length(key_id) = 32),
    message bytea NOT NULL CHECK (octet_length(message) BETWEEN 1 AND 1024),
    UNIQUE (header_commit_hash, key_id)
);
