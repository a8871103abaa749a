//! `s2-lite`, the S2 server, on 127.0.0.1 only: HTTP/1.1 and HTTP/2 without TLS, tokens ignored.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use axum::serve::ListenerExt as _;
use clap::Parser;
use s2_lite::{
    backend::{Backend, bgtasks},
    handlers, init,
};
use slatedb::object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(about = "A real S2 (s2-lite) on 127.0.0.1")]
struct Args {
    /// 0 takes any free port; the address is printed
    #[arg(long, default_value_t = 4984)]
    port: u16,
    /// Keep everything in this directory, which is made if it is missing [default: in memory]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The basin to have; its streams come into being when they are first written or read
    #[arg(long, default_value = "runstream")]
    basin: String,
    /// Delete a stream that has been empty for so long, e.g. "1h" [default: never]
    #[arg(long)]
    delete_on_empty: Option<String>,
}

#[tokio::main]
async fn main() -> eyre::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let args = Args::parse();
    let backend = open(&args).await?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    println!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let server = axum::serve(listener, handlers::router().with_state(backend.clone()));
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = server => result?,
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    Ok(backend.close().await?)
}

async fn open(args: &Args) -> eyre::Result<Backend> {
    let store: Arc<dyn ObjectStore> = match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir)?;
            // What is acknowledged survives a crash of the machine too.
            Arc::new(LocalFileSystem::new_with_prefix(dir)?.with_fsync(true))
        }
        None => Arc::new(InMemory::new()),
    };
    let settings = slatedb::Settings {
        // What an append waits for at most; s2-lite's own server has the same.
        flush_interval: Some(Duration::from_millis(5)),
        garbage_collector_options: Some(slatedb::config::GarbageCollectorOptions {
            // It overwrites on a condition, which a directory cannot: nothing old would ever be deleted.
            boundary_files_enabled: args.dir.is_none(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let fence = settings.manifest_poll_interval;
    let db = slatedb::Db::builder("", store).with_settings(settings).build().await?;
    if args.dir.is_some() {
        // Another process on this directory notices by then that it is no longer the one that writes.
        tokio::time::sleep(fence).await;
    }
    let backend = Backend::new(db, bytesize::ByteSize::mib(128));
    bgtasks::spawn(&backend);
    let mut defaults = serde_json::json!({});
    if let Some(age) = &args.delete_on_empty {
        defaults["delete_on_empty"] = serde_json::json!({ "min_age": age });
    }
    let basin = serde_json::json!({
        "name": args.basin,
        "config": { "create_stream_on_append": true, "create_stream_on_read": true, "default_stream_config": defaults },
    });
    init::apply(&backend, serde_json::from_value(serde_json::json!({ "basins": [basin] }))?).await?;
    Ok(backend)
}
