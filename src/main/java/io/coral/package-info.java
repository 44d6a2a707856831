/// Coral: observability without instrumentation. Start at [io.coral.Main].
@NullMarked
package io.coral;

import org.jspecify.annotations.NullMarked;
