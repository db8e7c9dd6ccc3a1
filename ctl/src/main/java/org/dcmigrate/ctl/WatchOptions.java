package org.dcmigrate.ctl;

import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of the commands that can follow a migration to its end. */
final class WatchOptions {
  @Option(
      names = {"-w", "--watch"},
      description = "Follow the migration to its end; its exit code then tells how it went.")
  boolean watch;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "With -w: stop following after this time, e.g. 10m; the migration goes on.")
  Optional<String> timeout = Optional.empty();

  Optional<Duration> duration() throws CtlException {
    return timeout.isPresent() ? Optional.of(Units.parseTime(timeout.get())) : Optional.empty();
  }
}
