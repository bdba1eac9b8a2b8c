# Opens the TUN device named first and becomes the program that follows, which finds the device's descriptor as its last
# argument. Node has no ioctl; perl-base is on every Debian and Ubuntu.
use strict;
use warnings;

my ($name, @program) = @ARGV;
my ($TUNSETIFF, $IFF_TUN, $IFF_NO_PI) = (0x400454ca, 0x0001, 0x1000);

$^F = 255;    # descriptors up to this one survive exec
open(my $tun, "+<", "/dev/net/tun") or die "cannot open /dev/net/tun: $!\n";
my $request = pack("a16 s x22", $name, $IFF_TUN | $IFF_NO_PI);
ioctl($tun, $TUNSETIFF, $request) or die "cannot make $name: $!\n";
exec { $program[0] } @program, fileno($tun) or die "cannot run $program[0]: $!\n";
