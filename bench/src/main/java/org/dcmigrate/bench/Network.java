package org.dcmigrate.bench;

import java.util.List;

/** Where hosts of a benchmark run, and how they and the benchmark reach each other. */
sealed interface Network permits Loopback, ShapedNetwork {
  /** The command that runs a program on a host. */
  List<String> on(String host, List<String> command);

  /** What a host's peer listens on, HOST:PORT. */
  String listen(String host);

  /** Where other hosts reach a host's peer. */
  String endpoint(String host);

  /** Where the benchmark reaches it, on a way that no transfer shares. */
  String control(String host);
}
