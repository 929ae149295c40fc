//! Provider and relay over loopback, with honest and hostile peers. Everything ends by itself.

mod access;
mod audit;
mod relay;
mod relay_hostile;
mod relay_killed;
mod relay_postgres;
mod relay_postgres_killed;
mod serve;
mod serve_chaos;
mod support;
