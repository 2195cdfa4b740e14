//! How is counted what every request counts, without processors waiting for each other?
//!
//! Each thread counts in a place of its own, as far as there are enough; whoever reads adds them up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric, counter::Atomic},
};

/// Places; threads beyond share them.
const SHARDS: usize = 8;

/// The place of the present thread.
fn own<T>(shards: &[Padded<T>; SHARDS]) -> &T {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    let [first, ..] = shards;
    let own = OWN.try_with(|own| *own).unwrap_or_default();
    &shards.get(own).unwrap_or(first).0
}

/// A place that shares no cache line with another.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// A number that is added to by many threads. It wraps around, so that it can be taken from too.
#[derive(Debug, Default)]
pub struct Sharded([Padded<AtomicU64>; SHARDS]);

impl Sharded {
    /// Takes one away again.
    pub fn dec(&self) {
        own(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Atomic<u64> for Sharded {
    fn inc(&self) -> u64 {
        self.inc_by(1)
    }

    fn inc_by(&self, more: u64) -> u64 {
        own(&self.0).fetch_add(more, Ordering::Relaxed)
    }

    fn get(&self) -> u64 {
        self.0.iter().fold(0, |sum, shard| sum.wrapping_add(shard.0.load(Ordering::Relaxed)))
    }
}

/// Buckets of the finest histogram, without the one for all that is larger.
const BUCKETS: usize = 14;

/// What a histogram tells apart.
#[derive(Debug)]
pub struct Scale {
    /// The largest value of each bucket.
    bounds: [u64; BUCKETS],
    /// How many there are in what is shown as 1.
    one: f64,
}

/// Times, from 25 microseconds to 10 seconds; counted in nanoseconds, shown in seconds.
pub static LATENCY: Scale = Scale {
    bounds: [
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        50_000_000,
        250_000_000,
        1_000_000_000,
        2_500_000_000,
        10_000_000_000,
    ],
    one: 1e9,
};

/// How many there were at once.
pub static SIZES: Scale = Scale { bounds: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128], one: 1.0 };

/// How often values were how large. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Observed>);

#[derive(Debug)]
struct Observed {
    scale: &'static Scale,
    shards: [Padded<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    buckets: [AtomicU64; BUCKETS],
    larger: AtomicU64,
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::of(&LATENCY)
    }
}

impl Histogram {
    pub fn of(scale: &'static Scale) -> Self {
        Self(Arc::new(Observed { scale, shards: Default::default() }))
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let Observed { scale, shards } = &*self.0;
        let shard = own(shards);
        let bucket = scale.bounds.iter().zip(&shard.buckets).find(|(bound, _)| value <= **bound);
        bucket.map_or(&shard.larger, |(_, bucket)| bucket).fetch_add(1, Ordering::Relaxed);
        shard.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts how long something took.
    pub fn took(&self, time: std::time::Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn total(&self, of: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.0.shards.iter().fold(0, |sum, shard| sum.wrapping_add(of(&shard.0).load(Ordering::Relaxed)))
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[expect(clippy::cast_precision_loss, reason = "the format has only such numbers")]
impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Scale { bounds, one } = self.0.scale;
        let bounds = bounds.iter().map(|bound| *bound as f64 / one).chain([f64::INFINITY]);
        let mut counts: Vec<u64> = (0..BUCKETS)
            .map(|at| self.total(|shard| shard.buckets.get(at).unwrap_or(&shard.larger)))
            .collect();
        counts.push(self.total(|shard| &shard.larger));
        let sum = self.total(|shard| &shard.sum) as f64 / one;
        let buckets: Vec<(f64, u64)> = bounds.zip(counts.iter().copied()).collect();
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::*;

    /// Nothing is lost, whichever threads count.
    #[test]
    fn what_many_threads_count_adds_up() {
        let (number, sizes) = (Arc::new(Sharded::default()), Histogram::of(&SIZES));
        let counts = || {
            let (number, sizes) = (Arc::clone(&number), sizes.clone());
            std::thread::spawn(move || {
                for value in 0..1000 {
                    number.inc();
                    sizes.observe(value);
                }
                number.dec();
            })
        };
        let threads: Vec<_> = (0..20).map(|_| counts()).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(number.get(), 20 * 999);
        let (mut registry, mut text) = (Registry::default(), String::new());
        registry.register("sizes", "Sizes", sizes);
        encode(&mut text, &registry).unwrap();
        for line in [
            "sizes_sum 9990000.0",
            "sizes_count 20000",
            "sizes_bucket{le=\"1.0\"} 40",
            "sizes_bucket{le=\"128.0\"} 2580",
            "sizes_bucket{le=\"+Inf\"} 20000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
    }
}
