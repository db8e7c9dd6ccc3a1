package org.dcmigrate.ctl;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code dcmctl context} does. */
final class ContextOperations {
  private ContextOperations() {}

  static int list(Environment environment, Output output) throws CtlException {
    ContextFile file = ContextFile.read(ContextFile.location(environment.variables()));
    List<String> header = new ArrayList<>(List.of("CURRENT", "NAME", "ENDPOINT", "PEER-IDENTITY"));
    if (output.isWide()) {
      header.addAll(List.of("CA", "CERT", "KEY"));
    }
    Table table = Table.withHeader(header);
    Struct.Builder contexts = Struct.newBuilder();
    file.all()
        .forEach(
            (name, context) -> {
              boolean current = file.currentName().filter(name::equals).isPresent();
              table.row(row(name, context, current, output.isWide()));
              contexts.putFields(name, Value.newBuilder().setStructValue(struct(context)).build());
            });
    Struct.Builder message =
        Struct.newBuilder()
            .putFields("contexts", Value.newBuilder().setStructValue(contexts).build());
    file.currentName().ifPresent(name -> message.putFields("current", text(name)));
    output.print(message.build(), table, List.copyOf(file.all().keySet()));
    return ExitCode.DONE;
  }

  static int use(Environment environment, String name) throws CtlException {
    ContextFile file = ContextFile.read(ContextFile.location(environment.variables()));
    file.require(name);
    file.withCurrent(name).write();
    return ExitCode.DONE;
  }

  static int set(Environment environment, GlobalOptions options, String name) throws CtlException {
    if (!name.matches("[A-Za-z0-9._-]{1,63}")) {
      throw CtlException.usage("a context's name must be 1 to 63 of letters, digits, . _ and -");
    }
    ContextFile file = ContextFile.read(ContextFile.location(environment.variables()));
    Optional<StoredContext> before = Optional.ofNullable(file.all().get(name));
    Optional<String> endpoint = options.endpoint.or(() -> before.map(StoredContext::endpoint));
    if (endpoint.isEmpty()) {
      throw CtlException.usage("a context needs at least --endpoint HOST:PORT");
    }
    boolean plaintext =
        options.plaintext
            || (options.ca.isEmpty() && before.map(StoredContext::plaintext).orElse(false));
    StoredContext context =
        new StoredContext(
            endpoint.get(),
            plaintext,
            options.identity.or(() -> before.flatMap(StoredContext::identity)),
            options.peerIdentity.or(() -> before.flatMap(StoredContext::peerIdentity)),
            absolute(options.ca).or(() -> before.flatMap(StoredContext::ca)),
            absolute(options.cert).or(() -> before.flatMap(StoredContext::cert)),
            absolute(options.key).or(() -> before.flatMap(StoredContext::key)));
    file.with(name, context).write();
    return ExitCode.DONE;
  }

  private static Optional<String> absolute(Optional<String> path) {
    return path.map(text -> Path.of(text).toAbsolutePath().normalize().toString());
  }

  private static List<String> row(
      String name, StoredContext context, boolean current, boolean wide) {
    List<String> cells =
        new ArrayList<>(
            List.of(
                current ? "*" : "",
                name,
                context.endpoint(),
                context.plaintext() ? "(plaintext)" : context.peerIdentity().orElse("")));
    if (wide) {
      cells.addAll(
          List.of(context.ca().orElse(""), context.cert().orElse(""), context.key().orElse("")));
    }
    return cells;
  }

  private static Struct struct(StoredContext context) {
    Struct.Builder struct = Struct.newBuilder().putFields("endpoint", text(context.endpoint()));
    struct.putFields("plaintext", Value.newBuilder().setBoolValue(context.plaintext()).build());
    Map.of(
            "identity", context.identity(),
            "peerIdentity", context.peerIdentity(),
            "ca", context.ca(),
            "cert", context.cert(),
            "key", context.key())
        .forEach((key, value) -> value.ifPresent(each -> struct.putFields(key, text(each))));
    return struct.build();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }
}
