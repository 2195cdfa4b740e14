//! What does a line of the log look like?
//!
//! Each is one line, whatever is in it, and names the request it is of: by the number that is in the answer and in the audit
//! trail, and by the span in traces, if there is one (threats T82).

use std::fmt::{self, Write as _};

use anyhow::Context as _;
use clap::ValueEnum;
use opentelemetry::trace::TraceContextExt as _;
use rolecall_engine::names::is_invisible;
use rolecall_server::{spans, trace};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{
    Event, Level, Metadata, Span, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt, FilterFn},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    layer::{Filter, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::otlp::Traces;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}

/// Sends log lines to standard error, and spans to where traces are wanted.
///
/// # Errors
/// When the filter is wrong.
pub fn to_standard_error(filter: &str, format: Format, traces: Option<&Traces>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is not a log filter"))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .event_format(format)
        .with_filter(events(filter));
    let spans = traces.map(|traces| {
        let only_spans = FilterFn::new(|about| about.is_span() && about.target() == spans::TARGET);
        traces.layer().with_filter(only_spans.with_max_level_hint(LevelFilter::INFO))
    });
    tracing_subscriber::registry().with(lines).with(spans).init();
    Ok(())
}

/// What a filter lets through, without spans: they are for traces, and are not made where nobody wants those.
fn events<S: Subscriber + for<'s> LookupSpan<'s>>(filter: EnvFilter) -> impl Filter<S> {
    fn is_event(about: &Metadata<'_>) -> bool {
        about.is_event()
    }
    let only_events = FilterFn::new(is_event);
    FilterExt::<S>::and(filter, only_events.with_max_level_hint(LevelFilter::TRACE))
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line { message: String::new(), fields: Vec::new() };
        event.record(&mut line);
        if let Some(trace) = trace::present() {
            line.fields.push(("trace_id", trace.to_string().into()));
        }
        if let Some(span) = span_id() {
            line.fields.push(("span_id", span.into()));
        }
        let level = event.metadata().level();
        match self {
            Self::Text => line.as_text(&time, *level, writer),
            Self::Json => line.as_json(&time, *level, writer),
        }
    }
}

/// The number of the span that is open here, if it goes into a trace.
fn span_id() -> Option<String> {
    let open = Span::current();
    if open.is_none() {
        return None;
    }
    let context = open.context();
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| context.span_id().to_string())
}

/// What an event says.
struct Line {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Line {
    fn as_text(&self, time: &str, level: Level, writer: Writer<'_>) -> fmt::Result {
        let mut line = Escaped(writer);
        write!(line, "{time} {level:>5} {}", self.message)?;
        for (name, value) in &self.fields {
            write!(line, " {name}={value}")?;
        }
        line.0.write_char('\n')
    }

    fn as_json(&self, time: &str, level: Level, writer: Writer<'_>) -> fmt::Result {
        let mut line = Escaped(writer);
        let message = Value::from(self.message.as_str());
        write!(line, "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":{message}")?;
        for (name, value) in &self.fields {
            write!(line, ",\"{name}\":{value}")?;
        }
        line.0.write_str("}\n")
    }

    fn say(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.say(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.say(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.say(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.say(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.say(field, value.into());
    }
}

/// Writes characters that could end a line, move the cursor or turn the text around as JSON would: `\u001b`.
struct Escaped<'w>(Writer<'w>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| self.write_char(character))
    }

    fn write_char(&mut self, character: char) -> fmt::Result {
        if is_invisible(character) {
            return write!(self.0, "\\u{:04x}", u32::from(character));
        }
        self.0.write_char(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is in it, a line is one line, and nothing in it looks like a line of its own.
    #[test]
    fn a_line_is_one_line() {
        let evil = "a\nb\r\u{1b}[31m\u{85}\u{2028}\u{202e}\u{7f}\"\\";
        let line = Line { message: evil.to_owned(), fields: vec![("path", evil.into())] };
        let (mut text, mut json) = (String::new(), String::new());
        line.as_text("now", Level::INFO, Writer::new(&mut text)).unwrap();
        line.as_json("now", Level::INFO, Writer::new(&mut json)).unwrap();
        for written in [&text, &json] {
            let visible = |character: char| (' '..='~').contains(&character);
            assert!(written.strip_suffix('\n').unwrap().chars().all(visible), "{written:?}");
        }
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((read["message"].as_str(), read["path"].as_str()), (Some(evil), Some(evil)));
        assert!(text.starts_with("now  INFO a\\u000ab\\u000d\\u001b[31m"), "{text}");
    }
}
