/// Who calls whom: calls between services are counted when their spans come, so that nobody has to
/// join spans to know it. Start with [io.coral.calls.CallPairs].
@NullMarked
package io.coral.calls;

import org.jspecify.annotations.NullMarked;
