/// Latency histograms over one fixed table of bounds: recording, merging by addition, quantiles.
///
/// Every histogram of every agent and every time has the same bounds, so merging is exact, and the
/// bounds of the seeds' tables and of OpenTelemetry are among them, so both are exact views. Start
/// with
/// [io.coral.histogram.Bounds].
@NullMarked
package io.coral.histogram;

import org.jspecify.annotations.NullMarked;
