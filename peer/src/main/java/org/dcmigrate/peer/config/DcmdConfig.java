package org.dcmigrate.peer.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;

/** The configuration of one daemon, see docs/operating.md for the file. */
public record DcmdConfig(
    String name,
    Optional<PeerId> identity,
    String listen,
    Path stateDirectory,
    Path runDirectory,
    Optional<Tls> tls,
    PageDigest.Algorithm digest,
    List<Peer> peers,
    List<PeerId> operators,
    Limits limits,
    Timeouts timeouts,
    List<SyntheticGuest> syntheticGuests,
    List<QemuGuest> qemuGuests,
    List<QemuTemplate> qemuTemplates,
    Optional<Path> trace,
    CompressionMode compression) {
  public DcmdConfig {
    peers = List.copyOf(peers);
    operators = List.copyOf(operators);
    syntheticGuests = List.copyOf(syntheticGuests);
    qemuGuests = List.copyOf(qemuGuests);
    qemuTemplates = List.copyOf(qemuTemplates);
  }

  /** PEM files. */
  public record Tls(Path ca, Path certificate, Path key) {}

  /** Another peer. */
  public record Peer(String name, String endpoint, PeerId identity) {}

  /** Limits; 0: none, where it says so. */
  public record Limits(long egressBytesPerSecond, int migrations, int guests, long memoryBytes) {
    /** What holds where the configuration says nothing. */
    public static final Limits DEFAULT = new Limits(0, 16, 256, 0);
  }

  /** A synthetic guest that the daemon starts with. */
  public record SyntheticGuest(
      String name,
      long memoryBytes,
      long writesPerSecond,
      boolean hotSet,
      long seed,
      int zeroPercent,
      int repeatedPercent) {}

  /** A running QEMU guest that the daemon adopts. */
  public record QemuGuest(String name, Path qmp, Map<String, Path> memory) {
    public QemuGuest {
      memory = Map.copyOf(memory);
    }
  }

  /** How to start QEMU for guests that arrive. */
  public record QemuTemplate(String guest, List<String> command) {
    public QemuTemplate {
      command = List.copyOf(command);
    }
  }
}
