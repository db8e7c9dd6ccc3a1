package org.dcmigrate.ctl.demo;

import io.grpc.ManagedChannel;
import java.nio.file.Path;
import org.dcmigrate.v1.MigrationServiceGrpc;
import org.dcmigrate.v1.MigrationServiceGrpc.MigrationServiceBlockingStub;
import org.dcmigrate.v1.PeerServiceGrpc;
import org.dcmigrate.v1.PeerServiceGrpc.PeerServiceBlockingStub;

/** One running {@code dcmd} of the demonstration, and the operator's connection to it. */
record DemoPeer(String name, int port, Path runDirectory, Process process, ManagedChannel channel) {
  MigrationServiceBlockingStub migrations() {
    return MigrationServiceGrpc.newBlockingStub(channel);
  }

  PeerServiceBlockingStub peers() {
    return PeerServiceGrpc.newBlockingStub(channel);
  }
}
