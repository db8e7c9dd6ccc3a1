package org.dcmigrate.ctl;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What all commands that do something share. */
@Command(mixinStandardHelpOptions = true)
abstract class CtlCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  Environment environment() {
    return main().environment();
  }

  GlobalOptions options() {
    return main().options();
  }

  Output output(Format format) {
    return new Output(environment().out(), format);
  }

  private Main main() {
    return (Main) spec.root().userObject();
  }
}
