package org.dcmigrate.conformance;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dcmigrate.peer.Daemon;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.pages.PageDigest;

/** The reference daemon in this process, with the tester among its peers and operators. */
final class ReferencePeer implements AutoCloseable {
  /** Who the tester is. */
  static final PeerId TESTER = new PeerId("spiffe://test/peer/tester");

  /** Who else the tester may be. */
  static final PeerId SECOND = new PeerId("spiffe://test/peer/second");

  private final Daemon daemon;
  private final String tester;
  private final String second;

  private ReferencePeer(Daemon daemon, String tester, String second) {
    this.daemon = daemon;
    this.tester = tester;
    this.second = second;
  }

  static ReferencePeer start(Path directory) throws DcmException, IOException {
    return start(directory, CompressionMode.AUTO);
  }

  static ReferencePeer start(Path directory, CompressionMode compression)
      throws DcmException, IOException {
    String tester = "127.0.0.1:" + freePort();
    String second = "127.0.0.1:" + freePort();
    return new ReferencePeer(
        Daemon.start(
            new DcmdConfig(
                "reference",
                Optional.of(new PeerId("spiffe://test/peer/reference")),
                "127.0.0.1:" + freePort(),
                directory.resolve("state"),
                directory.resolve("run"),
                Optional.empty(),
                PageDigest.Algorithm.CRC64,
                List.of(
                    new DcmdConfig.Peer("tester", tester, TESTER),
                    new DcmdConfig.Peer("second", second, SECOND)),
                List.of(TESTER),
                DcmdConfig.Limits.DEFAULT,
                Timeouts.DEFAULT,
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                compression)),
        tester,
        second);
  }

  /** Where it listens. */
  String endpoint() {
    return "127.0.0.1:" + daemon.port();
  }

  /** Where it reaches the tester. */
  String tester() {
    return tester;
  }

  /** Where it reaches the tester as {@link #SECOND}. */
  String second() {
    return second;
  }

  /** The daemon. */
  Daemon daemon() {
    return daemon;
  }

  @Override
  public void close() {
    daemon.close();
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
