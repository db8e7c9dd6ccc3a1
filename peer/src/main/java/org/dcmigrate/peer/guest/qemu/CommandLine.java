package org.dcmigrate.peer.guest.qemu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.peer.guest.qemu.QemuAdapterConfig.Template;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/**
 * A template filled in for one guest.
 *
 * @param command what to start
 * @param mapped the blocks, by number, whose memory files QEMU maps
 */
record CommandLine(List<String> command, Set<Integer> mapped) {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([a-z]+)(?::([^}]+))?\\}");

  /** QEMU's options are split at commas, and these texts come from another host. */
  private static final Pattern HARMLESS = Pattern.compile("[A-Za-z0-9._:@+-]+");

  CommandLine {
    command = List.copyOf(command);
    mapped = Set.copyOf(mapped);
  }

  /**
   * Finds the guest's template and fills it in.
   *
   * @throws DcmException GUEST_UNSUPPORTED or GUEST_INCOMPATIBLE
   */
  static CommandLine of(
      QemuAdapterConfig config, String guestName, GuestMetadata metadata, QemuFiles files)
      throws DcmException {
    Template template =
        config.templates().stream()
            .filter(one -> matches(one.guestName(), guestName))
            .findFirst()
            .orElseThrow(
                () ->
                    unsupported(
                        "no template of this peer is for guest %s; add one to its configuration"
                            .formatted(Text.quote(guestName))));
    Filler filler = new Filler(guestName, metadata, files);
    List<String> command = new ArrayList<>();
    for (String argument : template.command()) {
      command.add(filler.fill(argument));
    }
    filler.checkLargeBlocks(template);
    complete(command, files);
    return new CommandLine(command, filler.mapped);
  }

  private static void complete(List<String> command, QemuFiles files) {
    addMissing(command, "-S", List.of());
    addMissing(command, "-incoming", List.of("defer"));
    addMissing(command, "-qmp", List.of("unix:" + files.socket() + ",server=on,wait=off"));
    addMissing(command, "-pidfile", List.of(files.pid().toString()));
  }

  private static void addMissing(List<String> command, String option, List<String> values) {
    if (!command.contains(option)) {
      command.add(option);
      command.addAll(values);
    }
  }

  static boolean matches(String glob, String name) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      regex.append(
          switch (c) {
            case '*' -> ".*";
            case '?' -> ".";
            default -> Pattern.quote(String.valueOf(c));
          });
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL).matcher(name).matches();
  }

  /** Fills placeholders in, and remembers which memory files were named. */
  private static final class Filler {
    private final String guestName;
    private final GuestMetadata metadata;
    private final QemuFiles files;
    private final Set<Integer> mapped = new HashSet<>();

    Filler(String guestName, GuestMetadata metadata, QemuFiles files) {
      this.guestName = guestName;
      this.metadata = metadata;
      this.files = files;
    }

    String fill(String argument) throws DcmException {
      Matcher matcher = PLACEHOLDER.matcher(argument);
      StringBuilder filled = new StringBuilder();
      while (matcher.find()) {
        String value = value(matcher.group(1), Optional.ofNullable(matcher.group(2)));
        matcher.appendReplacement(filled, Matcher.quoteReplacement(value));
      }
      return matcher.appendTail(filled).toString();
    }

    private String value(String kind, Optional<String> name) throws DcmException {
      if (name.isPresent()) {
        int number = number(name.get());
        RamBlock block = metadata.geometry().blocks().get(number);
        return switch (kind) {
          case "ram" -> {
            mapped.add(number);
            yield files.memory(number).toString();
          }
          case "bytes" -> Long.toString(block.sizeBytes());
          case "kib" -> inUnits(block, 1L << 10, "KiB");
          case "mib" -> inUnits(block, 1L << 20, "MiB");
          default -> throw unknown(kind + ":" + name.get());
        };
      }
      return switch (kind) {
        case "guest" -> harmless("name", guestName);
        case "home" -> files.home().toString();
        case "qmp" -> files.socket().toString();
        case "machine" -> harmless("machine type", property(GuestFacts.MACHINE));
        case "cpus" -> harmless("CPU count", property(GuestFacts.CPUS).split(" ", 2)[0]);
        default -> throw unknown(kind);
      };
    }

    private String property(String key) {
      return metadata.properties().getOrDefault(key, "");
    }

    private int number(String name) throws DcmException {
      List<RamBlock> blocks = metadata.geometry().blocks();
      for (int number = 0; number < blocks.size(); number++) {
        if (blocks.get(number).name().equals(name)) {
          return number;
        }
      }
      throw new DcmException(
          Reason.GUEST_INCOMPATIBLE,
          ("this peer's template for guest %s names RAM block %s, but the guest has %s;"
                  + " give both ends the same memory backends")
              .formatted(
                  Text.quote(guestName),
                  Text.quote(name),
                  blocks.stream().map(block -> Text.quote(block.name())).toList()));
    }

    private static String inUnits(RamBlock block, long unit, String name) throws DcmException {
      if (block.sizeBytes() % unit != 0) {
        throw unsupported(
            "RAM block %s has %d bytes, no whole number of %s; use ${bytes:...} in the template"
                .formatted(Text.quote(block.name()), block.sizeBytes(), name));
      }
      return Long.toString(block.sizeBytes() / unit);
    }

    private static String harmless(String what, String value) throws DcmException {
      if (!HARMLESS.matcher(value).matches()) {
        throw unsupported(
            ("the guest's %s must consist of letters, digits and ._:@+- to stand in a command,"
                    + " but is %s")
                .formatted(what, Text.quote(value)));
      }
      return value;
    }

    private DcmException unknown(String placeholder) {
      return unsupported(
          ("this peer's template for guest %s has the unknown placeholder %s;"
                  + " correct its configuration")
              .formatted(Text.quote(guestName), Text.quote(placeholder)));
    }

    void checkLargeBlocks(Template template) throws DcmException {
      Geometry geometry = metadata.geometry();
      for (int number = 0; number < geometry.blocks().size(); number++) {
        RamBlock block = geometry.blocks().get(number);
        if (block.sizeBytes() <= GuestMemory.most(block.name()) || mapped.contains(number)) {
          continue;
        }
        if (GuestMemory.isOfDevice(block.name())) {
          throw GuestMemory.tooLarge(block);
        }
        throw unsupported(
            ("RAM block %s of %d bytes needs a memory file, but this peer's template %s names"
                    + " none; add -object"
                    + " memory-backend-file,id=...,share=on,mem-path=${ram:%s},size=${bytes:%s}")
                .formatted(
                    Text.quote(block.name()),
                    block.sizeBytes(),
                    Text.quote(template.guestName()),
                    block.name(),
                    block.name()));
      }
    }
  }

  private static DcmException unsupported(String sentence) {
    return new DcmException(Reason.GUEST_UNSUPPORTED, sentence);
  }
}
