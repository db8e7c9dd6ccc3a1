package org.dcmigrate.ctl;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dcmctl completion}. */
@Command(
    name = "completion",
    description = {
      "Prints a completion script for bash and zsh.",
      "Use it by: source <(dcmctl completion)"
    })
final class CompletionCommand extends CtlCommand {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    environment().out().print(AutoComplete.bash("dcmctl", spec.root().commandLine()));
    environment().out().flush();
    return ExitCode.DONE;
  }
}
