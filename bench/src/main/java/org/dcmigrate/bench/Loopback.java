package org.dcmigrate.bench;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.dcmigrate.protocol.transport.FreePorts;

/** All hosts are this one; nothing limits what flows. */
record Loopback(Map<String, Integer> ports) implements Network {
  Loopback {
    ports = Map.copyOf(ports);
  }

  /** Takes a free port for each host. */
  static Loopback of(List<String> hosts) throws BenchException {
    try {
      return new Loopback(FreePorts.each(hosts));
    } catch (IOException failed) {
      throw new BenchException("no free port: " + failed.getMessage(), failed);
    }
  }

  @Override
  public List<String> on(String host, List<String> command) {
    return command;
  }

  @Override
  public String listen(String host) {
    return "127.0.0.1:" + ports.getOrDefault(host, 0);
  }

  @Override
  public String endpoint(String host) {
    return listen(host);
  }

  @Override
  public String control(String host) {
    return listen(host);
  }
}
