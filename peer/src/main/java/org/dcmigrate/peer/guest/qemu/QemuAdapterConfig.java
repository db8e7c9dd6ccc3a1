package org.dcmigrate.peer.guest.qemu;

import java.time.Duration;
import java.util.List;

/**
 * How QEMU is started for guests that arrive here.
 *
 * @param templates the first one whose glob matches a guest's name is used for it
 * @param setUp how long QEMU may take to set its migration up, for guests that came here
 */
public record QemuAdapterConfig(List<Template> templates, Duration setUp) {
  public QemuAdapterConfig {
    templates = List.copyOf(templates);
  }

  /**
   * A command for guests of some names.
   *
   * <p>Placeholders in the command: {@code ${guest}} its name, {@code ${home}} its directory,
   * {@code ${qmp}} the path of its QMP socket, {@code ${machine}} the machine type and {@code
   * ${cpus}} the number of CPUs at the source; and of a RAM block {@code ${ram:NAME}} the path of
   * its memory file, {@code ${bytes:NAME}}, {@code ${kib:NAME}}, {@code ${mib:NAME}} its size. What
   * makes QEMU wait for a guest ({@code -S}, {@code -incoming}, {@code -qmp}, {@code -pidfile}) is
   * added where it is missing.
   *
   * @param guestName a glob with {@code *} and {@code ?}
   * @param command the program and its arguments, not for a shell
   */
  public record Template(String guestName, List<String> command) {
    public Template {
      command = List.copyOf(command);
    }
  }
}
