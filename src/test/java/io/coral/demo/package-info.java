/// Tests of the demo's arithmetic and of its processes.
@NullMarked
package io.coral.demo;

import org.jspecify.annotations.NullMarked;
