/// Tests of the command line against a server in the test that speaks Connect JSON.
@NullMarked
package io.coral.cli;

import org.jspecify.annotations.NullMarked;
