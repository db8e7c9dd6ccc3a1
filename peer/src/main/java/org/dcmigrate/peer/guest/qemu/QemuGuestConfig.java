package org.dcmigrate.peer.guest.qemu;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A running QEMU that this peer adopts as a guest.
 *
 * @param name of the guest, unique at this peer
 * @param qmpSocket a QMP socket that no other client uses
 * @param memoryFiles for RAM blocks whose shared memory file QEMU does not tell; usually empty
 * @param setUp how long QEMU may take to set its migration up
 */
public record QemuGuestConfig(
    String name, Path qmpSocket, Map<String, Path> memoryFiles, Duration setUp) {
  public QemuGuestConfig {
    memoryFiles = Map.copyOf(memoryFiles);
  }
}
