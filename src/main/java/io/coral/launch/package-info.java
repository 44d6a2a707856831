/// From a command line to running verticles: JVM flags and native parts
/// ([io.coral.launch.NativeParts]), configuration files and flags ([io.coral.launch.Settings]), and
/// the roles of a process ([io.coral.launch.RoleServers]).
@NullMarked
package io.coral.launch;

import org.jspecify.annotations.NullMarked;
