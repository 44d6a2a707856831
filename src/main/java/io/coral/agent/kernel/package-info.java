/// The kernel side as Java sees it: libcoral through JNA, the ring buffer, and what this kernel
/// allows.
///
/// The only package with native calls. [io.coral.agent.kernel.KernelSession] loads and attaches the
/// programs of a [io.coral.agent.kernel.KernelTier]; a session belongs to one thread.
@NullMarked
package io.coral.agent.kernel;

import org.jspecify.annotations.NullMarked;
