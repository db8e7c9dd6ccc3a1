package org.dcmigrate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Hosts in network namespaces, each with one link to a router in the middle. Uplinks and downlinks
 * are slowed down by token buckets with a short queue; there is no delay but that of the queue.
 *
 * <pre>
 *   host a                 router                 host b
 *     up0  198.18.1.2 ──── 198.18.1.1 to-0
 *      uplink: tbf here     downlink: tbf here
 *     ctl  198.19.x.2 ════ 198.19.x.1 in the namespace of the benchmark, never slowed down
 * </pre>
 *
 * The addresses are those set aside for benchmarks (RFC 2544).
 */
final class ShapedNetwork implements Network {
  /** Keep the queue short: it is the round-trip time under load. */
  private static final String QUEUE = "10ms";

  // Larger than one segment-offloaded packet, and than what falls due between two timer interrupts.
  private static final long LEAST_BURST_BYTES = 128 << 10;
  private static final double BURST_SECONDS = 0.002;
  private static final String UPLINK = "up0";
  private static final int PORT = 7443;
  private static final int BYTE = 256;

  private final List<String> hosts;
  private final String prefix;
  private final int number;

  private ShapedNetwork(List<String> hosts, String prefix, int number) {
    this.hosts = List.copyOf(hosts);
    this.prefix = prefix;
    this.number = number;
  }

  /**
   * Makes hosts that are connected by links without limits.
   *
   * @param congestionControl of their TCP, e.g. cubic
   */
  static ShapedNetwork create(Workspace workspace, List<String> hosts, String congestionControl)
      throws BenchException {
    if (Shell.find("ip").isEmpty() || Shell.find("tc").isEmpty()) {
      throw new BenchException(
          "shaped links need ip and tc; install them by: apt-get install iproute2");
    }
    long pid = ProcessHandle.current().pid();
    ShapedNetwork network = new ShapedNetwork(hosts, "dcm" + pid, (int) (pid % BYTE));
    try {
      network.addNamespace(workspace, network.router());
      ip("-n", network.router(), "link", "set", "lo", "up");
      network.inRouter("sysctl", "-qw", "net.ipv4.ip_forward=1");
      for (String host : hosts) {
        network.addHost(workspace, host, congestionControl);
      }
    } catch (BenchException refused) {
      throw new BenchException(
          "network namespaces cannot be made, which takes root's rights: " + refused.sentence(),
          refused);
    }
    return network;
  }

  /** TCP's congestion control on this machine. */
  static String congestionControl() throws BenchException {
    try {
      return Files.readString(Path.of("/proc/sys/net/ipv4/tcp_congestion_control")).strip();
    } catch (IOException unreadable) {
      throw new BenchException("TCP's congestion control is not known: " + unreadable, unreadable);
    }
  }

  private void addNamespace(Workspace workspace, String name) throws BenchException {
    ip("netns", "add", name);
    workspace.atEnd(
        () -> {
          try {
            ip("netns", "delete", name);
          } catch (BenchException failed) {
            System.err.println("bench: " + failed.sentence());
          }
        });
  }

  private void addHost(Workspace workspace, String host, String congestionControl)
      throws BenchException {
    String space = namespace(host);
    addNamespace(workspace, space);
    ip("-n", space, "link", "set", "lo", "up");
    ip("-n", router(), "link", "add", portOf(host), "type", "veth", "peer", UPLINK, "netns", space);
    addAddress(space, UPLINK, address(host) + "/24");
    addAddress(router(), portOf(host), gateway(host) + "/24");
    ip("-n", space, "route", "add", "default", "via", gateway(host));

    String outside = prefix + index(host);
    ip("link", "add", outside, "type", "veth", "peer", "ctl", "netns", space);
    addAddress(space, "ctl", controlAddress(host, 2) + "/30");
    ip("address", "add", controlAddress(host, 1) + "/30", "dev", outside);
    ip("link", "set", outside, "up");
    Shell.run(
        on(host, List.of("sysctl", "-qw", "net.ipv4.tcp_congestion_control=" + congestionControl)));
  }

  private static void addAddress(String space, String device, String address)
      throws BenchException {
    ip("-n", space, "address", "add", address, "dev", device);
    ip("-n", space, "link", "set", device, "up");
  }

  /** Limits what a host sends and receives, in bytes per second on the wire; 0: no limit. */
  void shape(String host, double upBytesPerSecond, double downBytesPerSecond)
      throws BenchException {
    shapeDevice(namespace(host), UPLINK, upBytesPerSecond);
    shapeDevice(router(), portOf(host), downBytesPerSecond);
  }

  private static void shapeDevice(String space, String device, double bytesPerSecond)
      throws BenchException {
    String tc = Shell.find("tc").map(Object::toString).orElse("tc");
    if (bytesPerSecond == 0) {
      Shell.run(List.of(tc, "-n", space, "qdisc", "replace", "dev", device, "root", "pfifo"));
      return;
    }
    long burst = Math.max(LEAST_BURST_BYTES, (long) (bytesPerSecond * BURST_SECONDS));
    Shell.run(
        List.of(
            tc,
            "-n",
            space,
            "qdisc",
            "replace",
            "dev",
            device,
            "root",
            "tbf",
            "rate",
            (long) (bytesPerSecond * Byte.SIZE) + "bit",
            "burst",
            burst + "b",
            "latency",
            QUEUE));
  }

  @Override
  public List<String> on(String host, List<String> command) {
    List<String> words =
        new ArrayList<>(
            List.of(
                Shell.find("ip").map(Object::toString).orElse("ip"),
                "netns",
                "exec",
                namespace(host)));
    words.addAll(command);
    return words;
  }

  /** The address of a host on its slowed down link. */
  String address(String host) {
    return "198.18." + (index(host) + 1) + ".2";
  }

  @Override
  public String listen(String host) {
    return "0.0.0.0:" + PORT;
  }

  @Override
  public String endpoint(String host) {
    return address(host) + ":" + PORT;
  }

  @Override
  public String control(String host) {
    return controlAddress(host, 2) + ":" + PORT;
  }

  private String controlAddress(String host, int side) {
    return "198.19." + number + "." + (4 * index(host) + side);
  }

  private String gateway(String host) {
    return "198.18." + (index(host) + 1) + ".1";
  }

  private String portOf(String host) {
    return "to-" + index(host);
  }

  private String namespace(String host) {
    return prefix + "-" + host;
  }

  private String router() {
    return prefix + "-router";
  }

  private int index(String host) {
    return hosts.indexOf(host);
  }

  private void inRouter(String... command) throws BenchException {
    List<String> words = new ArrayList<>(List.of("netns", "exec", router()));
    words.addAll(List.of(command));
    ip(words.toArray(String[]::new));
  }

  private static void ip(String... arguments) throws BenchException {
    List<String> words =
        new ArrayList<>(List.of(Shell.find("ip").map(Object::toString).orElse("ip")));
    words.addAll(List.of(arguments));
    Shell.run(words);
  }
}
