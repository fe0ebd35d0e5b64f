//! One end of a conversation over Ockam 0.22, for tests and measurements beside Tacit's own ends.
//! What it prints is what the C examples print, a line at a time; `USAGE` says how to call it.
//!
//! The library writes what it notices to standard output, too: OCKAM_LOG=off|error|warn|info, here
//! "off" unless the environment says otherwise.

use std::io::{self, BufRead, Write};
use std::process::exit;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ockam::stream::Stream;
use ockam::{
    get_secure_channel_participant_id, route, Address, Context, Entity, ProfileIdentifier, Result,
    Route, Routed, SecureChannelTrustInfo, SecureChannels, TcpTransport, TrustPolicy, Unique,
    Vault, Worker, TCP,
};
use tokio::sync::mpsc;

const USAGE: &str = "\
usage: peer bob HUB [OPTION...]
       peer alice|open HUB SENDER RECEIVER [OPTION...]
       peer echo|flow HUB SENDER RECEIVER COUNT LEN [OPTION...]

HUB is HOST:PORT; SENDER and RECEIVER are the names of streams that Bob printed.
bob     echoes; with --idle only from the first line of standard input on
alice   sends each line of standard input to Bob's echoer and waits for its echo; a line
        \"@WORKER TEXT\" goes to that worker of Bob's node, and no echo is waited for
open    prints the milliseconds from the program's start to an open channel
echo    COUNT texts of LEN bytes, one at a time; prints the microseconds of each, one a line
flow    COUNT texts of LEN bytes, as many at once as --ahead says; prints echoes a second

--trust IDENTIFIER   the other end must be this one; otherwise anybody is let in
--interval MS        between two pulls (250)
--ahead N            texts that are on their way at once, 1 to 32 (alice: 1, flow: 32)
--wait SECONDS       for an echo (30)
";

/// What a queue of the library holds. More texts on their way can fill those between two of its
/// workers that send to each other, and then both wait for ever.
const MOST_AHEAD: usize = 32;

struct Options {
    positional: Vec<String>,
    trust: Option<String>,
    interval: Duration,
    ahead: Option<usize>,
    wait: u64,
    idle: bool,
}

fn usage() -> ! {
    eprint!("{}", USAGE);
    exit(2)
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| usage())
}

fn parse_arguments() -> Options {
    let mut options = Options {
        positional: Vec::new(),
        trust: None,
        interval: Duration::from_millis(250),
        ahead: None,
        wait: 30,
        idle: false,
    };
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        if !argument.starts_with("--") {
            options.positional.push(argument);
            continue;
        }
        if argument == "--idle" {
            options.idle = true;
            continue;
        }
        let value = rest.next().unwrap_or_else(|| usage());
        match argument.as_str() {
            "--trust" => options.trust = Some(value),
            "--interval" => options.interval = Duration::from_millis(number(&value)),
            "--ahead" => options.ahead = Some(number(&value)),
            "--wait" => options.wait = number(&value),
            _ => usage(),
        }
    }
    if !(1..=MOST_AHEAD).contains(&options.ahead.unwrap_or(1)) {
        usage();
    }
    options
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{}", line)
        .and_then(|()| out.flush())
        .is_err()
    {
        exit(1); // nobody listens any more
    }
}

fn die(who: &str, why: &str) -> ! {
    eprintln!("{}: {}", who, why);
    exit(1)
}

/// Lets in one identity, or anybody, and keeps who it was. Whoever is refused is named, and when
/// it is Alice who refuses, she ends: the library would leave her waiting.
#[derive(Clone)]
struct Gate {
    who: &'static str,
    wanted: Option<String>,
    seen: Arc<Mutex<Option<ProfileIdentifier>>>,
}

impl Gate {
    fn new(who: &'static str, options: &Options) -> Gate {
        Gate {
            who,
            wanted: options.trust.clone(),
            seen: Arc::default(),
        }
    }

    fn seen(&self) -> Option<ProfileIdentifier> {
        self.seen.lock().unwrap().clone()
    }
}

impl TrustPolicy for Gate {
    fn check(&self, info: &SecureChannelTrustInfo) -> Result<bool> {
        let identifier = info.their_profile_id();
        let trusted = match &self.wanted {
            Some(wanted) => *wanted == identifier.to_string(),
            None => true,
        };
        if trusted {
            *self.seen.lock().unwrap() = Some(identifier.clone());
        } else if self.who == "alice" {
            die(
                self.who,
                &format!("refused: the other end is {}", identifier),
            );
        }
        let verdict = if trusted { "lets in" } else { "refuses" };
        eprintln!("{}: {} {}", self.who, verdict, identifier);
        Ok(trusted)
    }
}

/// Echoes what comes, and says who proved to have sent it whenever that is somebody new.
struct Echoer {
    last: Option<ProfileIdentifier>,
}

#[ockam::worker]
impl Worker for Echoer {
    type Context = Context;
    type Message = String;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<String>) -> Result<()> {
        let sender = get_secure_channel_participant_id(&msg)?;
        if self.last.as_ref() != Some(&sender) {
            say(&format!("Bob hears: {}", sender));
            self.last = Some(sender);
        }
        say(&format!("Bob received: {}", msg.as_body()));
        ctx.send(msg.return_route(), msg.body()).await
    }
}

async fn connect(
    ctx: &Context,
    who: &str,
    options: &Options,
    out: &str,
    into: &str,
) -> Result<Address> {
    let (sender, _) = Stream::new(ctx)?
        .stream_service("stream_kafka")
        .index_service("stream_kafka_index")
        .client_id(Unique::with_prefix(who))
        .with_interval(options.interval)
        .connect(route![(TCP, options.positional[1].as_str())], out, into)
        .await?;
    Ok((*sender).clone())
}

async fn bob(ctx: &Context, options: &Options) -> Result<()> {
    let vault = Vault::create(ctx)?;
    let mut entity = Entity::create(ctx, &vault)?;
    let (out, into) = (
        Unique::with_prefix("bob-to-alice"),
        Unique::with_prefix("alice-to-bob"),
    );

    entity.create_secure_channel_listener("listener", Gate::new("bob", options))?;
    connect(ctx, "bob", options, &out, &into).await?;
    say(&format!("Bob's identifier is: {}", entity.id()));
    say(&format!("Stream sender name is: {}", out));
    say(&format!("Stream receiver name is: {}", into));
    if options.idle {
        lines_of_input().recv().await;
    }
    ctx.start_worker("echoer", Echoer { last: None }).await?;
    say("Bob echoes");
    loop {
        ctx.sleep(Duration::from_secs(3600)).await;
    }
}

/// Alice's end: a channel, and the one who is at its other end.
struct Alice {
    ctx: Context,
    channel: Address,
    peer: ProfileIdentifier,
    wait: u64,
}

impl Alice {
    async fn open(ctx: Context, options: &Options) -> Result<Alice> {
        let vault = Vault::create(&ctx)?;
        let mut entity = Entity::create(&ctx, &vault)?;
        let gate = Gate::new("alice", options);
        let (into, out) = (&options.positional[2], &options.positional[3]);
        let sender = connect(&ctx, "alice", options, out, into).await?;
        eprintln!("alice: Alice's identifier is: {}", entity.id());
        let channel = entity.create_secure_channel(route![sender, "listener"], gate.clone())?;
        let peer = gate
            .seen()
            .unwrap_or_else(|| die("alice", "a channel that nobody let in"));
        Ok(Alice {
            ctx,
            channel,
            peer,
            wait: options.wait,
        })
    }

    async fn send(&self, worker: &str, text: String) -> Result<()> {
        let route: Route = route![self.channel.clone(), worker];
        self.ctx.send(route, text).await
    }

    /// The next echo. Its channel must be Bob's: the library says whose it is.
    async fn receive(&mut self) -> Result<String> {
        let routed = self.ctx.receive_timeout::<String>(self.wait).await?.take();
        if get_secure_channel_participant_id(&routed)? != self.peer {
            die("alice", "an echo from somebody else");
        }
        Ok(routed.body())
    }

    async fn print_echo(&mut self) -> Result<()> {
        let text = self.receive().await?;
        say(&format!("Alice received an echo: {}", text));
        Ok(())
    }

    async fn talk(&mut self, ahead: usize) -> Result<()> {
        let mut lines = lines_of_input();
        let mut waiting = 0;
        say(&format!(
            "End-to-end encrypted secure channel was established with {}",
            self.peer
        ));
        while let Some(line) = lines.recv().await {
            if let Some((worker, text)) = other_worker(&line) {
                self.send(worker, text.to_string()).await?;
                continue;
            }
            self.send("echoer", line).await?;
            waiting += 1;
            if waiting == ahead {
                self.print_echo().await?;
                waiting -= 1;
            }
        }
        for _ in 0..waiting {
            self.print_echo().await?;
        }
        Ok(())
    }

    async fn measure_echo(&mut self, count: usize, text: &str) -> Result<()> {
        for _ in 0..count {
            let before = Instant::now();
            self.send("echoer", text.to_string()).await?;
            self.receive().await?;
            say(&format!("{:.1}", before.elapsed().as_secs_f64() * 1e6));
        }
        Ok(())
    }

    async fn measure_flow(&mut self, count: usize, text: &str, ahead: usize) -> Result<()> {
        let before = Instant::now();
        for i in 0..count + ahead {
            if i >= ahead {
                self.receive().await?;
            }
            if i < count {
                self.send("echoer", text.to_string()).await?;
            }
        }
        say(&format!(
            "{:.1}",
            count as f64 / before.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

/// WORKER and TEXT of a line "@WORKER TEXT".
fn other_worker(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('@')?.split_once(' ')
}

/// Standard input on a thread of its own: the library's threads must not block.
fn lines_of_input() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if line.map_or(true, |text| sender.send(text).is_err()) {
                break;
            }
        }
    });
    receiver
}

async fn run(ctx: Context, options: Options, start: Instant) -> Result<()> {
    let words: Vec<&str> = options.positional.iter().map(String::as_str).collect();

    TcpTransport::create(&ctx).await?;
    match words[..] {
        ["bob", _] => bob(&ctx, &options).await,
        ["alice", _, _, _] => {
            Alice::open(ctx, &options)
                .await?
                .talk(options.ahead.unwrap_or(1))
                .await
        }
        ["open", _, _, _, ..] => {
            Alice::open(ctx, &options).await?;
            say(&format!("{:.2}", start.elapsed().as_secs_f64() * 1e3));
            Ok(())
        }
        ["echo" | "flow", _, _, _, count, len] => {
            let (count, text) = (number(count), "x".repeat(number(len)));
            let mut alice = Alice::open(ctx, &options).await?;
            if words[0] == "echo" {
                alice.measure_echo(count, &text).await
            } else {
                alice
                    .measure_flow(count, &text, options.ahead.unwrap_or(MOST_AHEAD))
                    .await
            }
        }
        _ => usage(),
    }
}

fn main() {
    let start = Instant::now();
    let options = parse_arguments();

    if std::env::var_os("OCKAM_LOG").is_none() {
        std::env::set_var("OCKAM_LOG", "off"); // before any thread is there
    }
    let (ctx, mut executor) = ockam::start_node();
    let ended = executor.execute(async move {
        let who = options.positional.first().cloned().unwrap_or_default();
        match run(ctx, options, start).await {
            // At once: the library's own way to stop waits for workers that may wait for us.
            Ok(()) => exit(0),
            Err(e) => die(&who, &e.to_string()),
        }
    });
    die("peer", &format!("the node ended: {:?}", ended));
}
