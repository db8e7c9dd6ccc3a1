package org.dcmigrate.bench;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc.PeerServiceBlockingStub;

/** One running daemon, and the operator's connection to it. */
record Peer(String name, Process process, Path runDirectory, ManagedChannel channel) {
  MigrationServiceBlockingStub migrations() {
    return MigrationServiceGrpc.newBlockingStub(channel);
  }

  PeerServiceBlockingStub peers() {
    return PeerServiceGrpc.newBlockingStub(channel);
  }

  /** Time on processors since its start. */
  Duration cpu() {
    return cpu(process);
  }

  /** Time on processors of any process of this user. */
  static Duration cpu(Process process) {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }
}
