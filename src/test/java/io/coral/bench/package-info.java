/// Programs that the scripts in `bench/` run.
@NullMarked
package io.coral.bench;

import org.jspecify.annotations.NullMarked;
