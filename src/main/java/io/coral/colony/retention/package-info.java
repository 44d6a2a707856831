/// Deletes days that are older than their retention. Event loop for the timer, the history's worker
/// thread for the files; see [io.coral.colony.retention.RetentionVerticle].
@NullMarked
package io.coral.colony.retention;

import org.jspecify.annotations.NullMarked;
