/// Configuration files: YAML to records, strictly. An unknown key, a wrong type or a value out of
/// range is an error with file, line, column and what was expected.
///
/// [io.coral.config.AgentConfig] and [io.coral.config.ColonyConfig] are what the rest of Coral
/// sees; `conf/*.yaml` documents every key.
@NullMarked
package io.coral.config;

import org.jspecify.annotations.NullMarked;
