package org.dcmigrate.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** {@code dcmctl version}. */
@Command(name = "version", description = "Prints the version.")
final class VersionCommand extends CtlCommand {
  private static final String VERSION = "dcmctl 0.1.0, protocol 1";

  /** The same for {@code --version}. */
  static final class Provider implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {VERSION};
    }
  }

  @Override
  public Integer call() {
    environment().out().println(VERSION);
    environment().out().flush();
    return ExitCode.DONE;
  }
}
