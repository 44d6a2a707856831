-- Upper bounds of the histogram's buckets. Filled at creation from io.coral.histogram.Bounds.
CREATE TABLE latency_bounds (
  bucket INTEGER NOT NULL,
  upper_nanos BIGINT NOT NULL,
  seed_upper_ms DOUBLE NOT NULL
);
