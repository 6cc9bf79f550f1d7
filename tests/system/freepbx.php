<?php
// A hand-written stand-in for FreePBX, as far as the module freepbx/agiapp meets it: it writes a dialplan of the same shape
// and lets the module add to it. Usage: php freepbx.php MODULE SETTINGS.json; prints extensions.conf, or what was asked for.
// SETTINGS: {"tables": {NAME: [KEY]}, "config": {NAME: VALUE}, "routes": [{"extension", "cidnum", "pricid", "asks", "to"}], "page"?: {POST fields},
// "core"?: [{an inbound route's request}], "no_trunks"?: true}

interface BMO
{
}

class extension
{
	private $does;

	public function __construct($does)
	{
		$this->does = $does;
	}

	public function output()
	{
		return $this->does;
	}
}

/** The dialplan that is being written: contexts, in each of them extensions with a blank before and behind, as FreePBX. */
class extensions
{
	public $_exts = array();
	private $globals = array();
	private $includes = array();

	public function add($context, $exten, $label, $step)
	{
		$this->_exts[$context][" $exten "][] = array('tag' => $label, 'cmd' => $step);
	}

	public function addGlobal($name, $value)
	{
		$this->globals[$name] = $value;
	}

	public function addInclude($context, $other)
	{
		$this->includes[$context][] = $other;
	}

	/** Before the first step with this label; FreePBX throws, and writes nothing at all, for what it does not have. */
	public function splice($context, $exten, $label, $step)
	{
		if (!isset($this->_exts[$context][" $exten "])) {
			throw new Exception("died in splice $context $exten");
		}
		$steps = &$this->_exts[$context][" $exten "];
		$place = array_search($label, array_column($steps, 'tag'), true);
		array_splice($steps, $place === false ? count($steps) : $place, 0, array(array('tag' => '', 'cmd' => $step)));
	}

	public function conf()
	{
		$text = "[globals]\n";
		foreach ($this->globals as $name => $value) {
			$text .= "$name = $value\n";
		}
		foreach ($this->_exts + $this->includes as $context => $extens) {
			$text .= "\n[$context]\ninclude => $context-custom\n";
			foreach (isset($this->includes[$context]) ? $this->includes[$context] : array() as $other) {
				$text .= "include => $other\n";
			}
			foreach (isset($this->_exts[$context]) ? $extens : array() as $exten => $steps) {
				foreach ($steps as $place => $step) {
					$label = $step['tag'] === '' ? '' : "({$step['tag']})";
					$text .= 'exten => ' . trim($exten) . ',' . ($place ? 'n' : '1') . "$label,{$step['cmd']->output()}\n";
				}
			}
		}
		return $text;
	}
}

class FreePBX_Helpers
{
	public $FreePBX;
	public static $config = array();

	public function getConfig($name)
	{
		return isset(self::$config[$name]) ? self::$config[$name] : false;
	}

	public function setConfig($name, $value)
	{
		self::$config[$name] = $value;
	}
}

class FreePBX
{
	public static $module;
	public $Database;

	public static function Agiapp()
	{
		return self::$module;
	}
}

if (!function_exists('_')) {
	function _($text)
	{
		return $text;
	}
}

function load_view($file, $values)
{
	extract($values);
	ob_start();
	include $file;
	return ob_get_clean();
}

function needreload()
{
	fwrite(STDERR, "reload is needed\n");
}

/** An inbound route as core writes it: what decides where it lies and what is set before it goes on. */
function inbound($ext, $route)
{
	$did = trim($route['extension']);
	$caller = trim($route['cidnum']);
	if ($caller !== '' && $did === '') {
		$first = (bool) $route['pricid'];
		$context = $first ? 'ext-did-0001' : 'ext-did-0002';
		$ext->add($context, "_./$caller", '', new extension('Set(__FROM_DID=${EXTEN})'));
		$ext->add($context, "_./$caller", '', new extension('Goto(s,1)'));
		$exten = "s/$caller";
		$ext->add($context, $exten, '', new extension('ExecIf($["${FROM_DID}" = ""]?Set(__FROM_DID=${EXTEN}))'));
	} else {
		$context = ($caller === '') === ($did === '') ? 'ext-did-0001' : 'ext-did-0002';
		$exten = ($did === '' ? 's' : $did) . ($caller === '' ? '' : "/$caller");
		$from = $did === '' ? 'ExecIf($["${FROM_DID}" = ""]?Set(__FROM_DID=${EXTEN}))' : 'Set(__FROM_DID=${EXTEN})';
		$ext->add($context, $exten, '', new extension($from));
	}
	$name = 'ExecIf($["${CALLERID(name)}" = ""]?Set(CALLERID(name)=${CALLERID(num)}))';
	$ext->add($context, $exten, 'callerid', new extension($name));
	$ext->add($context, $exten, 'did-cid-hook', new extension('NoOp(CallerID Entry Point)'));
	$ext->add($context, $exten, 'dest-ext', new extension("Goto({$route['to']})"));
}

function database($routes)
{
	$database = new PDO('sqlite::memory:');
	$database->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
	$database->exec('CREATE TABLE incoming (extension TEXT, cidnum TEXT, pricid INTEGER)');
	foreach ($routes as $route) {
		$database->prepare('INSERT INTO incoming VALUES (?, ?, ?)')->execute(
			array($route['extension'], $route['cidnum'], empty($route['pricid']) ? 0 : 1)
		);
	}
	return $database;
}

/** The module's tables: name => fields, all of them its key. */
function tables($database, $tables)
{
	foreach ($tables as $table => $fields) {
		$all = implode(', ', $fields);
		$database->exec("CREATE TABLE $table ($all, PRIMARY KEY ($all))");
	}
}

$module = $argv[1];
$given = json_decode(file_get_contents($argv[2]), true);
FreePBX_Helpers::$config = isset($given['config']) ? $given['config'] : array();
require "$module/Agiapp.class.php";
require "$module/functions.inc.php";
$routes = isset($given['routes']) ? $given['routes'] : array();
FreePBX::$module = new FreePBX\modules\Agiapp();
FreePBX::$module->FreePBX = new FreePBX();
FreePBX::$module->FreePBX->Database = database($routes);
tables(FreePBX::$module->FreePBX->Database, $given['tables']);
foreach ($routes as $route) {
	FreePBX::$module->setAsks($route['extension'], $route['cidnum'], !empty($route['asks']));
}
foreach (isset($given['core']) ? $given['core'] : array() as $request) { // an admin submits the page of a route
	agiapp_hookProcess_core(isset($request['extdisplay']) ? $request['extdisplay'] : '', $request);
}
if (isset($given['page'])) { // an admin submits the settings, and sees the page again
	$_POST = $given['page'];
	FreePBX::$module->doConfigPageInit('agiapp');
	echo FreePBX::$module->showPage();
	exit;
}
if (isset($given['look'])) { // what the page of a route shows
	echo agiapp_hook_core($given['look'], 'did');
	exit;
}
$ext = new extensions();
$ext->addInclude('from-pstn', 'ext-did');
$ext->addInclude('from-pstn', 'ext-did-catchall');
$ext->addInclude('ext-did', 'ext-did-0001');
$ext->addInclude('ext-did', 'ext-did-0002');
foreach ($routes as $route) {
	if (isset($route['to'])) { // else one that core has not written
		inbound($ext, $route);
	}
	if (isset($route['to']) && $route['extension'] . $route['cidnum'] === '') { // numbers that no route has
		$ext->add('ext-did-catchall', '_.', '', new extension('Set(__FROM_DID=${EXTEN})'));
		$ext->add('ext-did-catchall', '_.', '', new extension('Goto(ext-did,s,1)'));
	}
}
if (empty($given['no_trunks'])) {
	$ext->add('macro-dialout-trunk', 's', '', new extension('Set(OUTNUM=${ARG2})'));
	$ext->add('macro-dialout-trunk', 's', 'gocall', new extension('NoOp(predial hook)'));
	$ext->add('macro-dialout-trunk', 's', '', new extension('Dial(PJSIP/9998613770021@sandbox-carrier,20)'));
}
FreePBX::$module->doDialplanHook($ext, 'asterisk', FreePBX::$module->myDialplanHooks());
echo $ext->conf();
