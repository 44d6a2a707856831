/// Tests of the packaged jar: agents and colonies as processes, real servers on loopback.
///
/// They observe only what they started, on ports of their own, and end it by its process id. A test
/// that needs what the machine does not have is skipped and says why. Start at
/// [io.coral.it.CountingKernelIT].
@NullMarked
package io.coral.it;

import org.jspecify.annotations.NullMarked;
