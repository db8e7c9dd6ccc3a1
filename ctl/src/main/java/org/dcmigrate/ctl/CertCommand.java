package org.dcmigrate.ctl;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dcmctl cert}. */
@Command(
    name = "cert",
    description = "Certificates, for clusters without an authority of their own.",
    subcommands = {CertCommand.Init.class, CertCommand.Issue.class, CertCommand.Inspect.class})
final class CertCommand extends CommandGroup {

  @Command(name = "init", description = "Makes an authority: ca.pem and ca.key.")
  static final class Init extends CtlCommand {
    @Option(
        names = "--dir",
        paramLabel = "DIR",
        defaultValue = "pki",
        description = "Where. [${DEFAULT-VALUE}]")
    private Path directory = Path.of("pki");

    @Option(
        names = "--trust-domain",
        paramLabel = "DOMAIN",
        defaultValue = "dcm.example",
        description = "First part of all identities. [${DEFAULT-VALUE}]")
    private String trustDomain = "";

    @Override
    public Integer call() throws Exception {
      return CertOperations.init(environment(), directory, trustDomain);
    }
  }

  @Command(
      name = "issue",
      description = {
        "Issues NAME.pem with a fresh key NAME.key, in place of earlier ones.",
        "Its identity is spiffe://DOMAIN/ROLE/NAME."
      })
  static final class Issue extends CtlCommand {
    @Parameters(paramLabel = "NAME", description = "1 to 63 of a-z, 0-9 and -.")
    private String name = "";

    @Option(
        names = "--role",
        required = true,
        paramLabel = "ROLE",
        description = "peer or operator.")
    private String role = "";

    @Option(
        names = "--dir",
        paramLabel = "DIR",
        defaultValue = "pki",
        description = "Where the authority is. [${DEFAULT-VALUE}]")
    private Path directory = Path.of("pki");

    @Option(
        names = "--days",
        paramLabel = "N",
        defaultValue = "30",
        description = "How long it is valid. [${DEFAULT-VALUE}]")
    private int days;

    @Override
    public Integer call() throws Exception {
      return CertOperations.issue(environment(), directory, name, role, days);
    }
  }

  @Command(
      name = "inspect",
      description = "Shows what a certificate says, and what is wrong with it; then ends with 5.")
  static final class Inspect extends CtlCommand {
    @Parameters(paramLabel = "FILE", description = "Certificates in PEM form, the leaf first.")
    private Path file = Path.of("");

    @Mixin private OutputOption output = new OutputOption();

    @Override
    public Integer call() throws Exception {
      return CertOperations.inspect(
          environment(), output(output.format), file, options().ca.map(Path::of));
    }
  }
}
